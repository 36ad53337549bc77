import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon, type ManifestText } from '../../support/daemon.ts'

/** Another manifest for the place, in a file of its own. */
function nextManifest(place: ReturnType<typeof makePlace>, models: ManifestText): string {
  const path = place.file('next.yaml')
  writeFileSync(path, JSON.stringify({ version: 1, server: { listen: '127.0.0.1:0', max_queue: 9 }, models }))
  return path
}

test('a plan is what apply then does, and what was touched by nothing keeps its process', async () => {
  const place = makePlace()
  const stays = fakeModel(place, 'stays')
  const daemon = await startDaemon(
    { models: { ...stays, ...fakeModel(place, 'goes'), ...fakeModel(place, 'turns') } },
    place,
  )
  for (const model of ['stays', 'goes', 'turns']) expect((await daemon.ask(model)).status).toBe(200)
  const pid = await daemon.pidOf('stays')
  const models = { ...stays, ...fakeModel(place, 'turns', [], { env: { EDIT: '1' } }), ...fakeModel(place, 'comes') }
  const next = nextManifest(place, models)
  const before = readFileSync(place.manifest, 'utf8')

  const planned = await daemon.command('plan', next, '--exit-code', '--json')
  expect(planned.exit).toBe(10)
  expect(planned.json.models.map((each: { model: string; change: string }) => [each.model, each.change])).toEqual([
    ['comes', 'added'],
    ['turns', 'changed'],
    ['goes', 'removed'],
  ])
  expect(planned.json.leaving.toSorted()).toEqual(['goes', 'turns'])
  expect(planned.json.settings).toEqual([{ key: 'server.max_queue', before: 512, after: 9, restart: false }])
  expect(readFileSync(place.manifest, 'utf8')).toBe(before)
  expect(daemon.ofKind('manifest')).toEqual([])

  const applied = await daemon.command('apply', next, '--yes', '--json')
  expect([applied.exit, applied.json.backup]).toEqual([0, `${place.manifest}.bak`])
  expect(readFileSync(`${place.manifest}.bak`, 'utf8')).toBe(before)
  await daemon.untilEvent('released', 'goes')
  expect((await daemon.ask('comes')).status).toBe(200)
  expect((await daemon.ask('goes')).status).toBe(404)
  expect(await daemon.pidOf('stays')).toBe(pid)
  expect((await daemon.command('plan', '--exit-code')).exit).toBe(0)

  const { settings } = (await daemon.admin('/config')).json
  expect(settings).toContainEqual({
    key: 'server.max_queue',
    path: ['server', 'max_queue'],
    value: 9,
    origin: { from: 'manifest', file: place.manifest, line: 1 },
  })
  await daemon.end()
})

test('a file that is wrong changes nothing, and doctor says what is in force', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'a') }, place)
  const before = readFileSync(place.manifest, 'utf8')
  const inForce = async () => {
    const { json } = await daemon.command('doctor', '--json', '-c', place.manifest)
    const found = json.findings.filter(({ check }: { check: string }) => ['daemon', 'in force', 'lock'].includes(check))
    return found.map(({ verdict }: { verdict: string }) => verdict)
  }
  expect(await inForce()).toEqual(['pass', 'pass', 'pass'])
  const next = nextManifest(place, { a: { engin: 'command' } })
  for (const argv of [
    ['plan', next],
    ['apply', next, '--yes'],
  ]) {
    const { exit, stderr } = await daemon.command(...argv)
    expect([exit, stderr]).toEqual([3, expect.stringContaining(`${next}:1:`)])
  }
  expect(readFileSync(place.manifest, 'utf8')).toBe(before)
  expect((await daemon.admin('/config/reload', {})).json).toMatchObject({ changed: false })
  writeFileSync(place.manifest, 'version: 1')
  expect((await daemon.admin('/config/reload', {})).json.error).toMatchObject({
    code: 'manifest_invalid',
    facts: { problems: 1 },
  })
  expect(await inForce()).toEqual(['pass', 'pass', 'fail'])
  await daemon.end()
})
