import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { MIB } from '../../../src/core/index.ts'
import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'
import { untilTrue } from '../../support/gates.ts'

/** Bytes a second: what a loop around a failing write makes of a fast disk. */
const FLOOD = 100_000_000
/** Of a log on disk, both of its files, under that flood. Some 30 MiB are usual; the rest is for a machine that is busy. */
const MOST_ON_DISK = 128 * MIB
const REQUESTS = 100

function bytesUnder(directory: string): number {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
  return files.reduce((sum, file) => {
    const facts = file.isFile() ? statSync(join(file.parentPath, file.name), { throwIfNoEntry: false }) : undefined
    return sum + (facts?.size ?? 0)
  }, 0)
}

test('an engine that floods its log fills no disk, and everybody is answered meanwhile', async () => {
  const place = makePlace()
  const models = { ...fakeModel(place, 'flood', ['--flood-rate', String(FLOOD)]), ...fakeModel(place, 'quiet') }
  const daemon = await startDaemon({ models }, place)
  const run = join(place.state, 'run')
  expect((await daemon.ask('flood')).status).toBe(200)
  let most = 0
  let looks = 0
  const watch = setInterval(() => {
    most = Math.max(most, bytesUnder(run))
    looks += 1
  }, 5)
  const statuses: number[] = []
  for (let count = 0; count < REQUESTS; count += 1) {
    statuses.push((await daemon.ask(count % 2 === 0 ? 'flood' : 'quiet')).status)
  }
  // Until it has surely been cut more than once: 8 MiB are a twelfth of a second's flood.
  await untilTrue(async () => {
    const { text } = await daemon.admin('/logs?model=flood&lines=10000')
    return /^\[enginehouse: [\d.]+[MG]iB of output /m.test(text)
  })
  clearInterval(watch)
  expect(statuses).toEqual(Array.from({ length: REQUESTS }, () => 200))
  expect(looks).toBeGreaterThan(10)
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThan(MOST_ON_DISK)
  await daemon.end()
  expect(bytesUnder(join(place.state, 'logs'))).toBeLessThan(MOST_ON_DISK)
})
