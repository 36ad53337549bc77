import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect, it } from 'vitest'

import type { ManifestPlanAnswer, ModelPlanAnswer, StatusAnswer } from '../../../src/cli/answers.ts'
import { GIB, MIB } from '../../../src/core/index.ts'
import { type CommandOptions, runCommand, startCommand } from '../../support/cli.ts'
import { expectGolden, transcript } from '../../support/golden-cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { STATUS } from './answers.ts'
import { refusalOf, stubDaemon } from './stub-daemon.ts'

const NONE = {
  change: 'changed',
  relaunch: false,
  keys: [],
  weights: null,
  weights_problem: null,
  lacks: null,
} as const
const onHost = (bytes: number) => ({ per_gpu: null, host: bytes, origin: 'formula' }) as const
const OLD: ModelPlanAnswer = { ...NONE, model: 'old', change: 'removed', need: null, fits: null }
const MORE: ModelPlanAnswer = {
  ...NONE,
  model: 'more',
  change: 'added',
  weights: 'present',
  need: onHost(5 * GIB),
  fits: true,
}

const PLAN: ManifestPlanAnswer = {
  manifest: '/etc/enginehouse/enginehouse.yaml',
  models: [
    MORE,
    { ...NONE, model: 'fetched', change: 'added', weights: 'absent', need: null, fits: null },
    {
      ...NONE,
      model: 'lost',
      change: 'added',
      weights: 'failed',
      weights_problem: 'The weights of "lost" are not at /srv/models/lost.gguf.',
      need: null,
      fits: null,
    },
    {
      ...NONE,
      model: 'chat',
      relaunch: true,
      weights: 'present',
      need: onHost(700 * MIB),
      fits: true,
      keys: [
        { key: 'context', before: '8k', after: '16k' },
        { key: 'args.jinja', before: null, after: true },
        { key: 'env', before: null, after: null },
      ],
    },
    { ...NONE, model: 'gpu/one', relaunch: true, need: { per_gpu: 24 * GIB, host: 0, origin: 'declared' }, fits: true },
    { ...NONE, model: 'quiet', need: onHost(0), fits: true, keys: [{ key: 'ttl', before: '5m', after: 'never' }] },
    OLD,
  ],
  settings: [
    { key: 'server.listen', before: '127.0.0.1:8080', after: '127.0.0.1:9000', restart: true },
    { key: 'memory.host', before: '80%', after: '60%', restart: false },
  ],
  leaving: ['chat', 'old'],
  warnings: [],
}
const HUGE: ManifestPlanAnswer = {
  ...PLAN,
  models: [
    {
      ...NONE,
      model: 'huge',
      change: 'added',
      weights: 'present',
      need: onHost(900 * GIB),
      fits: false,
      lacks: { device: 'host', needed: 900 * GIB, largest: 25 * GIB },
    },
  ],
  settings: [],
  leaving: [],
}
const EMPTY: ManifestPlanAnswer = { ...PLAN, models: [], settings: [], leaving: [] }
const RELOADED = { changed: true, added: [], removed: [], relaunched: [], restart: [] }
const TEXT = 'version: 1\nmodels: {}\n'

/** A daemon that has this plan for whatever it is asked, with a manifest of its own beside the one that is given. */
async function daemonWith(plan: ManifestPlanAnswer, more: Readonly<Record<string, object>> = {}) {
  const directory = temporaryDirectory()
  const manifest = join(directory, 'enginehouse.yaml')
  const next = join(directory, 'next.yaml')
  writeFileSync(manifest, 'of the daemon')
  writeFileSync(next, TEXT)
  const status: StatusAnswer = { ...STATUS, manifest }
  const daemon = await stubDaemon({
    'GET /api/v1/status': status,
    'POST /api/v1/plan': { ...plan, manifest },
    'POST /api/v1/config/reload': RELOADED,
    ...more,
  })
  const asked = () => daemon.requests.map(({ route }) => route.replace(/^.* \/api\/v1/, ''))
  return { daemon, environment: daemon.environment, manifest, next, asked }
}

describe('plan', () => {
  const screens: readonly (readonly [
    ManifestPlanAnswer,
    readonly string[],
    Omit<CommandOptions, 'environment'>,
    true?,
  ])[] = [
    [PLAN, [], { columns: 80 }],
    [PLAN, [], { columns: 200 }],
    [PLAN, ['--exit-code'], {}],
    [HUGE, ['--exit-code'], { columns: 80 }],
    [EMPTY, ['--exit-code'], { columns: 80 }],
    [PLAN, [], { columns: 80 }, true],
  ]

  it('looks as its golden file', async () => {
    const texts: string[] = []
    for (const [plan, flags, { columns = null }, color] of screens) {
      const { environment } = await daemonWith(plan)
      const options = { environment, stdin: TEXT }
      texts.push(await transcript({ argv: ['plan', '-', ...flags], columns, ...(color ? { color } : {}), options }))
    }
    await expectGolden('plan.txt', texts.join('\n'))
  })

  it('is no wider than its terminal', async () => {
    const { environment } = await daemonWith(PLAN)
    const { stdout } = await runCommand(['plan', '-', '--no-color'], { environment, stdin: TEXT, columns: 80 })
    expect(stdout.split('\n').filter((line) => [...line].length > 80)).toEqual([])
  })

  it.each([
    ['changes', PLAN, [], 0],
    ['changes, for a script', PLAN, ['--exit-code'], 10],
    ['no change, for a script', EMPTY, ['--exit-code'], 0],
    ['a model that can never run', HUGE, [], 4],
    ['a model that can never run, for a script', HUGE, ['--exit-code'], 4],
  ])('with %s exits %#', async (_name, plan, flags, exit) => {
    const { environment, next } = await daemonWith(plan)
    const outcome = await runCommand(['plan', next, '--json', ...flags], { environment })
    expect([outcome.exit, JSON.parse(outcome.stdout).models]).toEqual([exit, plan.models])
  })

  it('sends the text of the file, or that of the daemon’s own', async () => {
    const { daemon, environment, next } = await daemonWith(EMPTY)
    await runCommand(['plan', next], { environment })
    await runCommand(['plan'], { environment })
    const bodies = daemon.requests.filter(({ route }) => route.endsWith('/plan')).map(({ body }) => body)
    expect(bodies).toEqual([{ manifest: TEXT }, { manifest: 'of the daemon' }])
  })

  it('shows the problems that the daemon finds at the places of the file', async () => {
    const { next, manifest } = await daemonWith(EMPTY)
    const list = [
      {
        code: 'manifest_unknown_key',
        file: manifest,
        line: 2,
        column: 1,
        length: 6,
        path: 'models',
        facts: { key: 'models', at: '', nearest: [] },
      },
    ]
    const refused = await daemonWith(EMPTY, {
      'POST /api/v1/plan': refusalOf('manifest_invalid', { path: manifest, problems: 1, list }),
    })
    const { exit, stderr } = await runCommand(['plan', next], { environment: refused.environment })
    expect([exit, stderr]).toEqual([3, expect.stringContaining(`${next}:2:1: `)])
    expect(stderr).toContain(`error: The manifest ${next} has a problem`)
    const json = await runCommand(['plan', next, '--json'], { environment: refused.environment })
    expect(JSON.parse(json.stdout).error.facts.list).toMatchObject([{ file: next, line: 2 }])
  })

  it('without a daemon compares with nothing', async () => {
    const { next } = await daemonWith(EMPTY)
    const environment = { ENGINEHOUSE_STATE_DIR: temporaryDirectory() }
    const house = { planAlone: async () => HUGE }
    const { exit, stdout, stderr } = await runCommand(['plan', next], { environment, house })
    expect([exit, stdout]).toEqual([4, expect.stringContaining('can never run here: huge')])
    expect(stderr).toContain(`No daemon runs here: ${next} is compared with nothing.`)
    expect((await runCommand(['plan', '-'], { environment, house, stdin: TEXT })).stderr).toContain('stdin is compared')
  })

  it('does not take another host for this one', async () => {
    const { next } = await daemonWith(EMPTY)
    const { exit } = await runCommand(['plan', next, '--host', 'unix:/none.sock'], {})
    expect(exit).toBe(5)
  })

  it('says what is wrong with the file that is named', async () => {
    const { environment } = await daemonWith(EMPTY)
    expect(await runCommand(['plan', '/none.yaml'], { environment })).toMatchObject({
      exit: 3,
      stderr: expect.stringContaining('/none.yaml'),
    })
  })
})

describe('apply', () => {
  const untouched = ({ manifest }: { manifest: string }) => expect(readFileSync(manifest, 'utf8')).toBe('of the daemon')

  it('puts the file in the place of the daemon’s and keeps that', async () => {
    const world = await daemonWith(PLAN)
    chmodSync(world.manifest, 0o640)
    const { exit, stdout } = await runCommand(['apply', world.next, '--yes'], world)
    expect(exit).toBe(0)
    expect(stdout).toContain(
      `At the next start of the daemon: server.listen.\nWhat stood there before is at ${world.manifest}.bak.`,
    )
    expect(readFileSync(world.manifest, 'utf8')).toBe(TEXT)
    expect(readFileSync(`${world.manifest}.bak`, 'utf8')).toBe('of the daemon')
    expect(statSync(world.manifest).mode & 0o777).toBe(0o640)
    expect(world.asked()).toEqual(['/status', '/plan', '/config/reload'])
  })

  it('of the daemon’s own file copies nothing, by whatever name it is called', async () => {
    const world = await daemonWith(PLAN)
    const link = join(dirname(world.manifest), 'link.yaml')
    symlinkSync(world.manifest, link)
    for (const argv of [
      ['apply', '--yes'],
      ['apply', link, '--yes'],
    ]) {
      const { exit, stdout } = await runCommand(argv, world)
      expect([exit, stdout.endsWith('server.listen.\n')]).toEqual([0, true])
    }
    untouched(world)
  })

  it('leaves a link to the manifest a link', async () => {
    const world = await daemonWith(PLAN)
    const link = join(dirname(world.manifest), 'link.yaml')
    symlinkSync(world.manifest, link)
    const linked = await daemonWith(PLAN, { 'GET /api/v1/status': { ...STATUS, manifest: link } })
    expect((await runCommand(['apply', linked.next, '--yes'], linked)).exit).toBe(0)
    expect(readFileSync(world.manifest, 'utf8')).toBe(TEXT)
    expect(readFileSync(link, 'utf8')).toBe(TEXT)
  })

  it('asks on a terminal, and does nothing for a no', async () => {
    for (const [answer, exit] of [
      ['n\n', 1],
      ['\n', 1],
      ['y\n', 0],
    ] as const) {
      const world = await daemonWith(PLAN)
      const command = startCommand(['apply', world.next], { ...world, stdin: null, columns: 80 })
      await command.until('stderr', 'which is kept as .bak.\nApply? [y/N]')
      command.stdin.write(answer)
      expect((await command.ended).exit).toBe(exit)
      if (exit === 1) untouched(world)
      expect(world.asked().includes('/config/reload')).toBe(exit === 0)
    }
  })

  it('does nothing when the terminal goes away or is interrupted', async () => {
    const world = await daemonWith(PLAN)
    const closed = startCommand(['apply', world.next], { ...world, stdin: null, columns: 80 })
    await closed.until('stderr', '[y/N]')
    closed.stdin.end()
    expect((await closed.ended).exit).toBe(1)
    const interrupted = startCommand(['apply', world.next], { ...world, stdin: null, columns: 80 })
    await interrupted.until('stderr', '[y/N]')
    interrupted.signal('SIGINT')
    expect((await interrupted.ended).exit).toBe(130)
    untouched(world)
  })

  it('needs a yes where nobody can be asked', async () => {
    const world = await daemonWith(PLAN)
    const { exit, stdout, stderr } = await runCommand(['apply', world.next], world)
    expect([exit, stdout]).toEqual([2, expect.stringContaining('3 changed')])
    expect(stderr).toContain('give --yes')
    untouched(world)
  })

  it('asks nothing where nothing would change', async () => {
    const world = await daemonWith(EMPTY)
    expect(await runCommand(['apply'], world)).toMatchObject({ exit: 0, stdout: 'Nothing would change.\n' })
    expect(world.asked()).toEqual(['/status', '/plan'])
  })

  it('--json has the plan and what came of it', async () => {
    const world = await daemonWith(PLAN)
    const { stdout } = await runCommand(['apply', world.next, '--yes', '--json'], world)
    expect(JSON.parse(stdout)).toMatchObject({
      plan: { leaving: ['chat', 'old'] },
      reload: RELOADED,
      backup: `${world.manifest}.bak`,
    })
  })

  it('changes nothing when the file is wrong, or no daemon runs', async () => {
    const world = await daemonWith(PLAN)
    const refused = await daemonWith(PLAN, {
      'POST /api/v1/plan': refusalOf('manifest_invalid', { path: world.manifest, problems: 1 }),
    })
    expect((await runCommand(['apply', refused.next, '--yes'], refused)).exit).toBe(3)
    untouched(refused)
    const environment = { ENGINEHOUSE_STATE_DIR: temporaryDirectory() }
    expect((await runCommand(['apply', world.next, '--yes'], { environment })).exit).toBe(5)
  })

  it('says why it could not write', async () => {
    const nowhere = { ...STATUS, manifest: '/none/such/enginehouse.yaml' }
    const world = await daemonWith(PLAN, { 'GET /api/v1/status': nowhere })
    expect(await runCommand(['apply', world.next, '--yes'], world)).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('/none/such/enginehouse.yaml'),
    })
    expect(world.asked()).not.toContain('/config/reload')
  })
})
