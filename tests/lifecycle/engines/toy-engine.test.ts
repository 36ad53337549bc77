import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'

import { ADAPTERS } from '../../../engines/index.ts'
import { createHouse } from '../../../src/app/house.ts'
import { MIB } from '../../../src/core/index.ts'
import { toy } from '../../fixtures/toy-engine/adapter.ts'
import { hostNeed } from '../../fixtures/toy-engine/memory.ts'
import { runCommand, startCommand } from '../../support/cli.ts'
import { chat, expectNothingLeft, makePlace, writeManifest, type ManifestText } from '../../support/daemon.ts'
import { installFake } from '../../support/fake-programs.ts'

/*
 * The page on adding an engine, followed once: an engine that stands in a folder and in the list is known to every
 * command, to the reader of manifests and to the daemon, and no other file has to hear of it.
 */

const house = createHouse([...ADAPTERS, toy])
const WEIGHTS = Buffer.alloc(3 * MIB)

function world(keys: ManifestText) {
  const place = makePlace()
  mkdirSync(place.file('bin'))
  const program = installFake(place.file('bin'), 'toy-server', 'toy-engine/server.mjs')
  writeFileSync(place.file('weights.bin'), WEIGHTS)
  const model = { engine: 'toy', source: 'file:weights.bin', gpus: 'none', ...keys }
  writeManifest(place, { engines: { toy: { path: program } }, models: { m: model } })
  // Engines are found from outside by their HOME.
  const environment = { ENGINEHOUSE_STATE_DIR: place.state, HOME: place.directory, ENGINEHOUSE_LOG_LEVEL: 'silent' }
  return { place, program, options: { house, environment } }
}

test('its place in the list is all that the reader of manifests needs', async () => {
  const { place, options } = world({ engine: 'toyy', parallel: 3 })
  const misspelt = await runCommand(['validate', place.manifest], options)
  expect(misspelt.exit).toBe(3)
  expect(misspelt.stderr).toContain('must be llama-server, vllm, tgi, command or toy')
  expect(misspelt.stderr).toContain('Did you mean "toy"?')
  const owned = world({ args: { slots: 9 } })
  expect((await runCommand(['validate', owned.place.manifest], owned.options)).stderr).toContain(
    '`parallel` decides it',
  )
})

test('its formula is the claim of a plan, its defaults hold, and its keys are in the schema', async () => {
  const { place, program, options } = world({})
  const planned = await runCommand(['plan', place.manifest, '--json'], options)
  expect(planned.exit, planned.stderr).toBe(0)
  expect(JSON.parse(planned.stdout).models[0].need.host).toBe(hostNeed(WEIGHTS.length, toy.defaults.parallel))
  const shown = JSON.parse((await runCommand(['config', 'show', '-c', place.manifest, '--json'], options)).stdout)
  const values = new Map<string, unknown>(
    shown.settings.map((each: { key: string; value: unknown }) => [each.key, each.value]),
  )
  expect(['parallel', 'concurrency'].map((key) => values.get(`models.m.${key}`))).toEqual([2, 2])
  expect(values.get('engines.toy.path')).toBe(program)
  const schema = JSON.parse((await runCommand(['config', 'schema'], options)).stdout)
  expect(schema.properties.engines.properties).toHaveProperty('toy')
  expect(schema.properties.models.additionalProperties.properties.parallel.description).toContain('for toy')
})

test('the daemon starts it, proves it, asks it and takes it down', async () => {
  const { place, program, options } = world({ args: { greeting: 'good day' } })
  const daemon = startCommand(['serve', '-c', place.manifest, '--json'], options)
  await daemon.until('stdout', '\n')
  onTestFinished(async () => {
    daemon.signal('SIGTERM')
    await daemon.ended
  })
  const { listen: listening } = JSON.parse(readFileSync(join(place.state, 'daemon.json'), 'utf8'))
  const asked = await request(`${listening}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(chat('m')),
  })
  expect(asked.statusCode).toBe(200)
  expect(await asked.body.json()).toMatchObject({ choices: [{ message: { content: 'good day' } }] })
  const { body } = await request(`${listening}/v1/models/loaded`)
  expect(await body.json()).toMatchObject({ models: [{ model: 'm', backend: 'toy' }] })
  const { stdout } = await runCommand(['show', 'm', '--json'], options)
  const argv: readonly string[] = JSON.parse(stdout).instance.argv
  expect([argv[0], ...argv.slice(3)]).toEqual(
    [
      [program, '--name', 'm'],
      ['--weights', place.file('weights.bin'), '--slots', '2'],
      ['--greeting', 'good day'],
    ].flat(),
  )
  daemon.signal('SIGTERM')
  expect((await daemon.ended).exit).toBe(0)
  expectNothingLeft(place)
})
