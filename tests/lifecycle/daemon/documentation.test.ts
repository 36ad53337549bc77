import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'

const RECORDER = fileURLToPath(new URL('../../fixtures/record-modules.mjs', import.meta.url))

test('what shows the routes is loaded by the first request for it, and not before', async () => {
  const place = makePlace()
  const record = place.file('modules')
  const environment = { NODE_OPTIONS: `--import ${RECORDER}`, RECORD_MODULES: record }
  const daemon = await startDaemon({ models: fakeModel(place, 'm') }, place, environment)
  const loaded = (): readonly string[] => readFileSync(record, 'utf8').split('\n')
  const documentation = (): readonly string[] => loaded().filter((url) => url.includes('/src/admin/openapi/'))

  expect((await daemon.ask('m')).status).toBe(200)
  expect(loaded().some((url) => url.includes('/src/admin/register.'))).toBe(true)
  expect(documentation()).toEqual([])

  expect((await fetch(`${daemon.url}/docs`)).status).toBe(200)
  expect(documentation().length).toBeGreaterThan(3)
  const before = loaded().length
  expect((await fetch(`${daemon.url}/redoc`)).status).toBe(200)
  expect(loaded()).toHaveLength(before)
  await daemon.end()
})
