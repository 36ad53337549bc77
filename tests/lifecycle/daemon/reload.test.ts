import { renameSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'

import {
  fakeModel,
  makePlace,
  startDaemon,
  writeManifest,
  type Daemon,
  type ManifestText,
} from '../../support/daemon.ts'
import { createRandom } from '../../sim/time.ts'

const NAMES = ['a', 'b', 'c', 'd'] as const
const EDITS = 10

/** Clients that ask one model after the other until they are told to stop; every answer is kept. */
function keepAsking(daemon: Daemon, model: string): { readonly answers: string[]; stop(): Promise<void> } {
  const answers: string[] = []
  let going = true
  const ended = (async () => {
    while (going) {
      const { status, text } = await daemon.ask(model)
      answers.push(status === 200 ? 'ok' : `${status} ${text}`)
    }
  })()
  const stop = async (): Promise<void> => {
    going = false
    await ended
  }
  onTestFinished(stop)
  return { answers, stop }
}

// Some launches more than other tests, one after the other, while four clients keep asking.
const LONG = { timeout: 120_000 }

test('ten edits under load: whoever was not touched keeps its process, and no request fails', LONG, async () => {
  const place = makePlace()
  const random = createRandom(20)
  const keys: Record<string, Record<string, unknown>> = Object.fromEntries(NAMES.map((name) => [name, {}]))
  const manifest = (): ManifestText => ({
    models: Object.assign({}, ...Object.entries(keys).map(([name, own]) => fakeModel(place, name, [], own))),
  })
  const daemon = await startDaemon(manifest(), place)
  const clients = NAMES.map((name) => keepAsking(daemon, name))
  await Promise.all(NAMES.map((name) => daemon.untilEvent('ready', name)))
  const untouched = 'd'
  const pid = await daemon.pidOf(untouched)

  for (let edit = 1; edit <= EDITS; edit += 1) {
    const name = random.pick(['a', 'b', 'c'] as const)
    const own = keys[name] ?? {}
    const before = await daemon.pidOf(name)
    const relaunch = random.chance(0.4)
    if (relaunch) own['env'] = { EDIT: String(edit) }
    else Object.assign(own, { ttl: `${edit}m`, concurrency: 1 + random.int(1, 8), aliases: [`${name}-${edit}`] })
    if (random.chance(0.3)) keys['extra'] = keys['extra'] ? { ttl: `${edit}s` } : {}
    else delete keys['extra']
    writeManifest(place, manifest())
    const applied = await daemon.untilEvent('manifest', undefined, edit)
    expect(applied.evidence.trigger).toBe('file')
    expect(applied.evidence.changed).toContainEqual(expect.objectContaining({ model: name, relaunch }))
    if (relaunch) {
      const left = daemon.ofKind('stopping', name).length
      expect(daemon.ofKind('stopping', name).at(-1)?.evidence).toMatchObject({ reason: 'manifest_changed' })
      await daemon.untilEvent('ready', name, left + 1)
      expect(await daemon.pidOf(name)).not.toBe(before)
    } else {
      expect(await daemon.pidOf(name)).toBe(before)
      expect((await daemon.ask(`${name}-${edit}`)).status).toBe(200)
    }
    expect(await daemon.pidOf(untouched)).toBe(pid)
  }

  await Promise.all(clients.map((client) => client.stop()))
  for (const [index, client] of clients.entries()) {
    expect(client.answers.length, NAMES[index]).toBeGreaterThan(0)
    expect(client.answers.filter((answer) => answer !== 'ok')).toEqual([])
  }
  const models = (await daemon.admin('/models')).json.models as { id: string; aliases: string[] }[]
  await daemon.end()

  const fresh = await startDaemon(manifest(), place)
  const again = (await fresh.admin('/models')).json.models as { id: string; aliases: string[] }[]
  const described = (list: typeof models) => list.map(({ id, aliases }) => ({ id, aliases }))
  expect(described(models)).toEqual(described(again))
  await fresh.end()
})

test('a bad file changes nothing, is said once and mended by the next good one', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'a') }, place)
  expect((await daemon.ask('a')).status).toBe(200)
  const pid = await daemon.pidOf('a')
  writeManifest(place, { models: { ...fakeModel(place, 'a', [], { tll: '5m' }) } })
  const refused = await daemon.untilEvent('manifest_refused')
  expect(refused.evidence).toMatchObject({ path: place.manifest, trigger: 'file', problems: 1 })
  expect(refused.evidence.problem).toContain('"tll"')
  expect((await daemon.ask('a')).status).toBe(200)
  expect(await daemon.pidOf('a')).toBe(pid)
  expect(await metric(daemon)).toBe('0')
  // As editors save: another file takes the place of the old one.
  writeFileSync(
    place.file('next'),
    JSON.stringify({ version: 1, server: { listen: '127.0.0.1:0' }, models: fakeModel(place, 'a') }),
  )
  renameSync(place.file('next'), place.manifest)
  await daemon.untilEvent('manifest')
  expect(await metric(daemon)).toBe('1')
  expect(await daemon.pidOf('a')).toBe(pid)
  expect(daemon.ofKind('manifest_refused')).toHaveLength(1)
  await daemon.end()
})

test('SIGHUP reads the manifest again, changed or not', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'a') }, place)
  daemon.program.signal('SIGHUP')
  const { evidence } = await daemon.untilEvent('manifest')
  expect(evidence).toMatchObject({ trigger: 'signal', added: [], removed: [], changed: [], settings: [] })
  await daemon.end()
})

test('a removed model finishes its answer; a request in line for it is told that it is gone', async () => {
  const place = makePlace()
  const gate = place.file('gate')
  const models = fakeModel(place, 'a', ['--token-gate', gate], { concurrency: 1 })
  const daemon = await startDaemon({ models }, place)
  const answering = daemon.ask('a')
  await daemon.untilEvent('ready', 'a')
  const inLine = daemon.ask('a')
  await daemon.untilWaiting(1)
  writeManifest(place, { models: fakeModel(place, 'b') })
  await daemon.untilEvent('stopping', 'a')
  const refused = await inLine
  expect([refused.status, refused.json.error.code]).toEqual([404, 'model_not_found'])
  writeFileSync(gate, '')
  expect((await answering).status).toBe(200)
  expect((await daemon.untilEvent('released', 'a')).evidence.reason).toBe('manifest_changed')
  expect((await daemon.ask('b')).status).toBe(200)
  await daemon.end()
})

async function metric(daemon: Daemon): Promise<string | undefined> {
  const response = await fetch(`${daemon.url}/metrics`)
  return /^enginehouse_config_last_reload_successful (\d)$/m.exec(await response.text())?.[1]
}
