import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import {
  makePlace,
  runProgram,
  startDaemon,
  writeManifest,
  type ManifestText,
  type Place,
} from '../../support/daemon.ts'
import { fakeEngineArgv } from '../../support/fake-engine.ts'
import { textOf } from '../../support/gates.ts'
import { writeTinyGguf } from '../../fixtures/tiny-gguf.ts'

const HELP = readFileSync(
  fileURLToPath(new URL('../../fixtures/llama-server-0.10068.0-help.txt', import.meta.url)),
  'utf8',
)

/**
 * A llama-server whose help lacks `--mlock`. It tells its help when `gate` is there, where one is given; as an engine it
 * takes every flag, so that what is refused is refused by the daemon.
 */
function world(gate: string | null = null) {
  const place = makePlace()
  const path = place.file('bin/llama-server')
  const help = place.file('help.txt')
  writeFileSync(help, HELP.replaceAll('--mlock', '--nlock'))
  writeTinyGguf(place.file('tiny.gguf'))
  const wait = gate === null ? '' : `while [ ! -e '${place.file(gate)}' ]; do sleep 0.05; done;`
  const script = [
    'case "$1" in',
    "--version) echo 'version: 4719 (7b8443ac7)' ;;",
    `--help) ${wait} echo asked >>'${place.file('asked')}'; cat '${help}' ;;`,
    `*) exec ${fakeEngineArgv('--kind', 'llama').join(' ')} "$@" ;;`,
    'esac',
  ]
  mkdirSync(place.file('bin'))
  writeFileSync(path, `#!/bin/sh\n${script.join('\n')}\n`)
  chmodSync(path, 0o755)
  return { place, path, asked: () => textOf(place.file('asked')).split('\n').length - 1 }
}

function manifestWith(place: Place, args: ManifestText, more: ManifestText = {}): ManifestText {
  const model = { engine: 'llama-server', source: 'file:tiny.gguf', gpus: 'none' }
  const engines = { 'llama-server': { path: join(place.directory, 'bin/llama-server') } }
  return { engines, models: { m: { ...model, args }, other: { ...model, ...more } } }
}

test('the daemon does not start on a flag that its program does not know, and asks it once', async () => {
  const { place, path, asked } = world()
  const sentence = `llama-server 4719 (7b8443ac7) at ${path} does not know "--mlock".`
  writeManifest(place, manifestWith(place, { mlock: true }))
  const validated = await runProgram(['validate', place.manifest], place).exited
  expect(validated).toMatchObject({ exit: 3, stderr: expect.stringContaining(sentence) })
  expect(validated.stderr).toContain('Did you mean "--nlock"?')
  const before = asked()
  // It goes by what was said before: nobody waits for a program at each start.
  expect(await runProgram(['serve', '-c', place.manifest], place).exited).toMatchObject({
    exit: 3,
    stderr: expect.stringContaining(sentence),
  })
  expect(asked()).toBe(before)
})

test('a reload to such a flag changes nothing, and a plan says where it stands', async () => {
  const { place, path } = world()
  const daemon = await startDaemon(manifestWith(place, {}), place)
  expect((await daemon.ask('m')).status).toBe(200)
  const pid = await daemon.pidOf('m')
  const text = JSON.stringify({ version: 1, ...manifestWith(place, { mlock: true }) })
  const planned = await daemon.admin('/plan', { manifest: text })
  expect(planned.json.error).toMatchObject({ code: 'manifest_invalid', facts: { problems: 1 } })
  expect(planned.text).toContain('models.m.args.mlock')
  writeManifest(place, manifestWith(place, { mlock: true }))
  const reloaded = await daemon.admin('/config/reload', {})
  expect(reloaded.text).toContain(`at ${path} does not know`)
  expect(await daemon.pidOf('m')).toBe(pid)
  await daemon.end()
})

test('a program that has not said what it knows delays no start; then its model is refused by name until mended', async () => {
  const { place, path, asked } = world('gate')
  const daemon = await startDaemon(manifestWith(place, {}, { args: { mlock: true } }), place)
  expect((await daemon.ask('m')).status).toBe(200)
  writeFileSync(place.file('gate'), '')
  await daemon.program.until('stderr', 'The model \\"other\\" cannot be loaded')
  // The command that read the manifest and the daemon that it became asked it together.
  expect(asked()).toBe(1)
  const refused = await daemon.ask('other')
  expect([refused.status, refused.json.error.code]).toEqual([503, 'engine_flag_unknown'])
  expect(refused.json.error.message).toContain(`llama-server 4719 (7b8443ac7) at ${path} does not know "--mlock".`)
  expect(daemon.ofKind('started', 'other')).toEqual([])
  expect((await daemon.ask('m')).status).toBe(200)
  writeManifest(place, manifestWith(place, {}, { args: { nlock: true } }))
  expect((await daemon.admin('/config/reload', {})).status).toBe(200)
  expect((await daemon.ask('other')).status).toBe(200)
  await daemon.end()
})

test('a build that is too old for what the daemon sets is named with its version', async () => {
  const { place, path } = world()
  writeFileSync(place.file('help.txt'), HELP.replaceAll('--no-ui', '--no-webui').replaceAll('--kv-unified', '--kv-x'))
  writeManifest(place, manifestWith(place, {}))
  const { exit, stderr } = await runProgram(['serve', '-c', place.manifest], place).exited
  expect(exit).toBe(3)
  const unfit = `llama-server 4719 (7b8443ac7) at ${path} does not know --kv-unified, --no-ui, which it would be started with.`
  expect(stderr.split('\n').filter((line) => line.includes(unfit))).toHaveLength(1)
})
