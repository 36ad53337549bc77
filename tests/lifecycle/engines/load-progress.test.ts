import { writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { writeTinyGguf } from '../../fixtures/tiny-gguf.ts'
import { makePlace, startDaemon } from '../../support/daemon.ts'
import { installFake } from '../../support/fake-programs.ts'
import { untilTrue } from '../../support/gates.ts'

/** The fake engine is a tenth or so of this in memory by itself. */
const WEIGHTS = 400 * 1024 * 1024

test('how far a load is that says nothing of itself, from what it has of its weights', async () => {
  const place = makePlace()
  const gguf = place.file('m.gguf')
  writeTinyGguf(gguf, { padBytes: WEIGHTS })
  const gate = place.file('gate')
  const env = { FAKE_ENGINE_ARGS: `--kind llama --ready-gate ${gate}` }
  const path = installFake(place.file('bin'), 'llama-server', 'fake-engine.mjs')
  const m = { engine: 'llama-server', source: `file:${gguf}`, gpus: 'none', memory: '600MiB', context: 512, env }
  const daemon = await startDaemon({ engines: { 'llama-server': { path } }, models: { m } }, place)
  const answer = daemon.ask('m')
  const progress = async (): Promise<number | null> => (await daemon.admin('/models/m')).json.instance?.progress ?? null
  await untilTrue(async () => (await progress()) !== null)
  const share = (await progress()) ?? 0
  expect(share).toBeGreaterThan(0.01)
  expect(share).toBeLessThan(0.9)
  expect((await daemon.command('status')).stdout).toMatch(/starting \d{1,2}%/)
  writeFileSync(gate, '')
  expect((await answer).status).toBe(200)
  expect(await progress()).toBeNull()
  await daemon.end()
})
