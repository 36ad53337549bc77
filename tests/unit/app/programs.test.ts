import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import { createPrograms, refusalOf, type Patience, type Programs } from '../../../src/app/programs.ts'
import type { ModelSpec } from '../../../src/core/index.ts'
import { toy } from '../../fixtures/toy-engine/adapter.ts'
import { manifestOf, modelSpec } from '../../fixtures/model-spec.ts'
import { untilChange } from '../../support/gates.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const ALL = '  --listen\\n  --name\\n  --weights\\n  --slots\\n  --greeting'

/** A state directory, and a toy's program that prints this help behind `before`; how often it was asked for it. */
function world(help = ALL, before = '') {
  const base = temporaryDirectory()
  const state = join(base, 's')
  mkdirSync(join(state, 'engines'), { recursive: true })
  const program = join(base, 'toy-server')
  const asked = join(base, 'asked')
  writeFileSync(asked, '')
  writeHelp(help)
  return {
    base,
    asked,
    program,
    probes: join(state, 'engines', 'probes.json'),
    writeHelp,
    /** A process of its own. */
    room() {
      const room = createPrograms({
        adapters: [toy],
        environment: { PATH: `${base}:${process.env['PATH']}` },
        installed: join(state, 'engines'),
      })
      onTestFinished(() => room.stop())
      return room
    },
    runs: () => readFileSync(asked, 'utf8').split('\n').length - 1,
  }

  function writeHelp(text: string): void {
    const answer = `case $1 in --version) echo toy 1.2.3;; *) ${before} echo ask >>${asked}; printf '${text}\\n';; esac`
    writeFileSync(program, `#!/bin/sh\n${answer}\n`)
    chmodSync(program, 0o755)
  }
}

const withArgs = (args: ModelSpec['args']) => manifestOf([modelSpec({ engine: 'toy', args })])
const GOOD = withArgs([['greeting', 'hi']])
const BAD = withArgs([['greting', 'hi']])

const verdictOf = async (room: Programs, manifest = BAD, patience: Patience = 'long') => {
  const known = (await room.look(manifest, patience)).get('toy')
  const [model] = manifest.models.values()
  return known && model ? (refusalOf(known, model)?.message ?? 'fit') : 'unknown'
}

test('a program is asked once for all processes, and anew when its file is another', async () => {
  const { room, runs, program } = world()
  expect(await verdictOf(room(), GOOD)).toBe('fit')
  expect(await verdictOf(room(), GOOD)).toBe('fit')
  expect(runs()).toBe(1)
  appendFileSync(program, '# a new version\n')
  expect(await verdictOf(room(), GOOD)).toBe('fit')
  expect(runs()).toBe(2)
})

test('the refusal names version, program and the nearest flag', async () => {
  const { room, program } = world()
  const [model] = BAD.models.values()
  const known = (await room().look(BAD, 'long')).get('toy')
  const refusal = known && model && refusalOf(known, model)
  expect(refusal?.message).toBe(`toy 1.2.3 at ${program} does not know "--greting".`)
  expect(refusal?.facts).toMatchObject({ nearest: ['--greeting'] })
})

test('who can wait is not refused by what a wrapper said before its program was updated', async () => {
  const { room, runs, base, writeHelp, program } = world('', '')
  // The wrapper's own file stays as it is.
  const inner = join(base, 'inner')
  writeHelp(`'; cat ${inner}; printf '`)
  writeFileSync(inner, ALL.replace('  --greeting', '').replaceAll('\\n', '\n'))
  expect(await verdictOf(room(), GOOD)).toContain('does not know')
  writeFileSync(inner, ALL.replaceAll('\\n', '\n'))
  expect(await verdictOf(room(), GOOD, 'short')).toContain(`${program} does not know`)
  expect(runs()).toBe(1)
  expect(await verdictOf(room(), GOOD)).toBe('fit')
  expect(await verdictOf(room(), GOOD, 'short')).toBe('fit')
  expect(runs()).toBe(2)
})

describe('nothing is refused', () => {
  test('where the program is not there', async () => {
    const { room, program } = world()
    rmSync(program)
    expect(await verdictOf(room())).toBe('unknown')
  })

  test.each([
    ['says nothing of flags', 'usage: toy', ''],
    ['fails', ALL, 'exit 3;'],
  ])('where it %s', async (_, help, before) => {
    const { room, probes } = world(help, before)
    expect(await verdictOf(room())).toBe('unknown')
    expect(existsSync(probes)).toBe(false)
  })

  test('of models that an image runs', async () => {
    const { room, runs } = world()
    const look = await room().look({ ...BAD, engines: { toy: { path: null, image: 'toy:1' } } }, 'long')
    expect([look.size, runs()]).toEqual([0, 0])
  })

  test('by a program that a daemon does not wait for, until it has said so', async () => {
    const base = world()
    const gate = join(base.base, 'gate')
    base.writeHelp('')
    const slow = `while [ ! -e ${gate} ]; do sleep 0.05; done`
    writeFileSync(
      base.program,
      `#!/bin/sh\n[ "$1" = --version ] || { ${slow}; echo ask >>${base.asked}; }\nprintf '${ALL}\\n'\n`,
    )
    const room = base.room()
    const [model] = BAD.models.values()
    expect(await verdictOf(room, BAD, 'short')).toBe('unknown')
    if (model) await room.admit(toy, model, base.program)
    writeFileSync(gate, '')
    await untilChange(base.probes, () => (existsSync(base.probes) ? true : undefined))
    await expect(model && room.admit(toy, model, base.program)).rejects.toMatchObject({ code: 'engine_flag_unknown' })
    expect(base.runs()).toBe(1)
  })
})

test.each([
  ['is no JSON', '{'],
  ['is of another version', '{"version":"0","programs":[]}'],
  ['has something else in it', '{"version":"0.1.0","programs":[1,["x",{}],["y",{"version":1,"flags":[2]}]]}'],
])('a file of answers that %s is none', async (_, text) => {
  const { room, probes, runs } = world()
  writeFileSync(probes, text)
  expect(await verdictOf(room(), GOOD)).toBe('fit')
  expect(await verdictOf(room(), GOOD)).toBe('fit')
  expect(runs()).toBe(1)
})

test('a look makes no state directory', async () => {
  const { room, base, runs } = world()
  rmSync(join(base, 's'), { recursive: true })
  expect(await verdictOf(room())).toContain('does not know')
  expect(existsSync(join(base, 's'))).toBe(false)
  expect(runs()).toBe(1)
})
