import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'

import { expect, onTestFinished, test } from 'vitest'

import {
  expectNothingLeft,
  fakeModel,
  makePlace,
  runProgram,
  startDaemon,
  writeManifest,
  type Place,
} from '../../support/daemon.ts'

async function serve(place: Place) {
  const { exit, stdout, stderr } = await runProgram(['serve', '-c', place.manifest], place, {
    ENGINEHOUSE_LOG_LEVEL: 'silent',
  }).exited
  return { exit, stdout, said: stderr.split('\n').filter(Boolean) }
}

test('a second daemon on one state directory is refused, and the first goes on', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm') }, place)
  const { exit, stdout, said } = await serve(place)
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' })
  expect(said).toEqual([
    `error: Another daemon (pid ${daemon.program.pid}) uses the state directory ${place.state}.`,
    expect.stringContaining('ENGINEHOUSE_STATE_DIR'),
  ])
  const json = await runProgram(['serve', '-c', place.manifest, '--json'], place).exited
  expect(JSON.parse(json.stdout).error.code).toBe('state_directory_in_use')
  expect((await daemon.ask('m')).status).toBe(200)
  await daemon.end()
})

test('a taken port is told in one sentence, and the state directory is free again', async () => {
  const place = makePlace()
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void taken.close())
  const address = taken.address()
  const port = typeof address === 'object' ? address?.port : null
  writeManifest(place, {
    server: { listen: `127.0.0.1:${port}` },
    models: fakeModel(place, 'm', [], { keep: 'always' }),
  })
  expect(await serve(place)).toEqual({
    exit: 1,
    stdout: '',
    said: [
      `error: Something else is listening on 127.0.0.1:${port}.`,
      expect.stringContaining('set another `server.listen`'),
    ],
  })
  expectNothingLeft(place)
  const daemon = await startDaemon({ models: fakeModel(place, 'm') }, place)
  await daemon.end()
})

test('a state directory that others can read is refused', async () => {
  const place = makePlace()
  writeManifest(place, { models: fakeModel(place, 'm') })
  chmodSync(place.state, 0o755)
  const { exit, said } = await serve(place)
  expect(exit).toBe(1)
  expect(said[0]).toMatch(/^error: The state directory .* cannot be used: .*/)
})

test('a manifest with mistakes is refused with each of them, by exit code 3', async () => {
  const place = makePlace()
  writeFileSync(place.manifest, 'version: 1\nmodels:\n  m:\n    engin: command\n    command: [sleep]\n    gpus: none\n')
  const { exit, said } = await serve(place)
  expect(exit).toBe(3)
  expect(said.join('\n')).toContain('manifest.yaml:4:5')
  expect(said.join('\n')).toContain('Did you mean "engine"?')
})
