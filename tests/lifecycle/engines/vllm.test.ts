import { closeSync, existsSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { TINY_CONFIG, writeWeightsDirectory } from '../../fixtures/safetensors.ts'
import {
  killIfThere,
  makePlace,
  runProgram,
  startDaemon,
  writeManifest,
  type ManifestText,
  type Place,
} from '../../support/daemon.ts'
import { fakeEvents, installFake, untilFakeEvent } from '../../support/fake-programs.ts'
import { textOf, untilTrue } from '../../support/gates.ts'
import { isLiving } from '../../support/sweep.ts'

/** A manifest with one model `m` that the fake vLLM runs; what it records is in the file `record` of the place. */
function manifest(place: Place, keys: ManifestText = {}, knobs = ''): ManifestText {
  const path = installFake(place.file('bin'), 'vllm', 'fake-vllm.mjs')
  const source = `file:${writeWeightsDirectory(place.file('weights'))}`
  const env = { FAKE_VLLM: `--record ${place.file('record')} ${knobs}` }
  return { engines: { vllm: { path } }, models: { m: { engine: 'vllm', gpus: 'none', source, env, ...keys } } }
}

test('it starts, answers, streams, and leaves nothing when it is unloaded', async () => {
  const place = makePlace()
  const daemon = await startDaemon(
    manifest(place, { context: 1024, parallel: 4, args: { 'enforce-eager': true } }),
    place,
  )
  expect(await daemon.ask('m')).toMatchObject({
    status: 200,
    json: { model: 'm', choices: [{ message: { content: 'w1 w2 ' } }] },
  })
  const stream = daemon.stream('m')
  await stream.until('data: [DONE]')
  expect(stream.received).toContain('"content":"w2 "')

  const { json } = await daemon.admin('/models/m')
  const { bytes, parts } = json.claim.host
  expect(json.claim.host).toMatchObject({ origin: 'formula', parts: { kv: expect.any(Number) } })
  expect(parts.weights + parts.kv + parts.compute + parts.context).toBe(bytes)
  const figures = { memory: { kv: 0.5 * 1024 ** 3 }, cache_tokens: 1024 }
  expect((await daemon.untilEvent('ready', 'm')).evidence).toMatchObject({ engine: figures })
  expect(json.instance.figures).toEqual(figures)
  const [started] = fakeEvents(place.file('record'))
  const { argv = [], env = {} } = started ?? {}
  expect(argv.slice(0, 4)).toEqual(['serve', place.file('weights'), '--served-model-name', 'm'])
  expect(argv[argv.indexOf('--max-model-len') + 1]).toBe('1024')
  expect(argv).toContain('--enforce-eager')
  // The cache is what the claim leaves: four requests of 1,024 tokens, two layers of keys and values.
  const cache = 4 * 1024 * 2 * (2 * TINY_CONFIG.num_key_value_heads * TINY_CONFIG.head_dim) * 2
  expect(argv[argv.indexOf('--kv-cache-memory-bytes') + 1]).toBe(String(cache))
  expect(env).toMatchObject({
    SPT_NOENV: '1',
    HF_HUB_OFFLINE: '1',
    VLLM_CACHE_ROOT: join(place.state, 'engines/cache/vllm'),
  })
  expect(env['VLLM_API_KEY']).toMatch(/^[0-9a-f]{32}$/)
  expect(env['VLLM_PROCESS_NAME_PREFIX']).toMatch(/^enginehouse-m-/)

  expect((await daemon.admin('/models/unload', { model: 'm' })).status).toBe(200)
  await daemon.untilEvent('released', 'm')
  const order = fakeEvents(place.file('record')).map(({ event }) => event)
  expect(order.filter((event) => !['segment', 'core', 'worker'].includes(event))).toEqual([
    'started',
    'ready',
    'request',
    'request',
    'term',
    'exit',
  ])
  expect(readdirSync(join(place.state, 'run'))).toEqual([])
  await daemon.end()
})

test('a dead core is a crash though the exit code is 0, and the next request has a new engine', async () => {
  const place = makePlace()
  const daemon = await startDaemon(manifest(place, {}, `--token-gate ${place.file('tokens')}`), place)
  const stream = daemon.stream('m')
  await stream.until('w1 ')
  process.kill((await untilFakeEvent(place.file('record'), 'core')).pid, 'SIGKILL')
  // The engine says it in the stream itself, as a last event before its end.
  await stream.until('data: [DONE]')
  expect(stream.received).toContain('EngineCore encountered an issue')
  expect((await daemon.untilEvent('crashed', 'm')).evidence).toMatchObject({
    code: 0,
    class: 'engine_dead',
    during: 'ready',
  })
  writeFileSync(place.file('tokens'), '')
  expect((await daemon.ask('m')).status).toBe(200)
  expect(fakeEvents(place.file('record')).filter(({ event }) => event === 'started')).toHaveLength(2)
  await daemon.end()
})

test('workers that outlive their parent are found behind their titles and ended', async () => {
  const place = makePlace()
  const daemon = await startDaemon(manifest(place), place)
  expect((await daemon.ask('m')).status).toBe(200)
  const children = [
    await untilFakeEvent(place.file('record'), 'core'),
    await untilFakeEvent(place.file('record'), 'worker'),
  ]
  process.kill(await daemon.pidOf('m'), 'SIGKILL')
  await daemon.untilEvent('crashed', 'm')
  await daemon.untilEvent('released', 'm')
  expect(children.map(({ pid }) => isLiving(pid))).toEqual([false, false])
  await daemon.end()
})

/** Several models of their own knobs; what NAME records is in the file NAME of the place. */
function withKnobs(place: Place, knobs: Readonly<Record<string, string>>): ManifestText {
  const { engines, models } = manifest(place) as { engines: ManifestText; models: { m: ManifestText } }
  const each = Object.entries(knobs).map(([name, own]) => {
    const env = { FAKE_VLLM: `--record ${place.file(name)} ${own}` }
    return [name, { ...models.m, env }]
  })
  return { engines, models: Object.fromEntries(each) }
}

test('unloaded before it is ready: whatever it makes of the first TERM, it is gone without KILL and never ready', async () => {
  const place = makePlace()
  const never = place.file('never')
  const daemon = await startDaemon(
    withKnobs(place, {
      imports: `--import-gate ${never}`,
      hangs: `--ready-gate ${never}`,
      'goes-on': `--ready-gate ${never} --ready-at-term`,
    }),
    place,
  )
  const ends = { imports: [], hangs: ['term', 'term', 'exit'], 'goes-on': ['term', 'ready', 'term', 'exit'] }
  const asked = Object.keys(ends).map(async (name) => {
    const answer = daemon.ask(name)
    await untilFakeEvent(place.file(name), name === 'imports' ? 'started' : 'worker')
    await daemon.admin('/models/unload', { model: name })
    return answer
  })
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([503, 503, 503])
  for (const [name, expected] of Object.entries(ends)) {
    await daemon.untilEvent('released', name)
    const events = fakeEvents(place.file(name))
    const told = events.map(({ event }) => event).filter((event) => ['term', 'ready', 'exit'].includes(event))
    expect(told, name).toEqual(expected)
    await untilTrue(() => events.every(({ pid }) => !isLiving(pid)))
  }
  expect([...daemon.ofKind('ready'), ...daemon.ofKind('crashed')]).toEqual([])
  await daemon.end()
})

test('a core is dead and its front lives on for seconds: who comes then is told by the engine, and the next has another', async () => {
  const place = makePlace()
  const gate = place.file('linger')
  const daemon = await startDaemon(withKnobs(place, { m: `--linger-gate ${gate}`, other: '' }), place)
  expect((await daemon.ask('m')).status).toBe(200)
  process.kill((await untilFakeEvent(place.file('m'), 'core')).pid, 'SIGKILL')
  await untilTrue(async () => (await daemon.ask('m')).status === 500)
  const answer = await daemon.ask('m')
  expect([answer.status, answer.json.error.message]).toEqual([
    500,
    expect.stringContaining('EngineCore encountered an issue'),
  ])
  expect((await daemon.ask('other')).status).toBe(200)
  writeFileSync(gate, '')
  expect((await daemon.untilEvent('crashed', 'm')).evidence).toMatchObject({ code: 0, class: 'engine_dead' })
  expect((await daemon.ask('m')).status).toBe(200)
  await daemon.end()
})

test('a flag that it does not know is told before anything is started', async () => {
  const place = makePlace()
  writeManifest(place, manifest(place, { args: { nope: 1, 'enforce-eag': true } }))
  const { exit, stderr } = await runProgram(['validate', place.manifest], place).exited
  expect(exit).toBe(3)
  expect(stderr.match(/vllm 0\.32\.0 at .* does not know "(.*)"/g)).toEqual([
    `vllm 0.32.0 at ${place.file('bin/vllm')} does not know "--nope"`,
  ])
})

test('a context that the model does not have is told in one sentence, once', async () => {
  const place = makePlace()
  const daemon = await startDaemon(manifest(place, { context: 4096 }), place)
  const answer = await daemon.ask('m')
  expect(answer.status).toBe(503)
  expect(answer.json.error.message).toMatch(
    /`context` asks for 4096 tokens, and the model was made for 2048: set `context: 2048` or less/,
  )
  expect((await daemon.untilEvent('crashed', 'm')).evidence).toMatchObject({ class: 'bad_config', during: 'starting' })
  expect(fakeEvents(place.file('record')).filter(({ event }) => event === 'started').length).toBeLessThanOrEqual(1)
  await daemon.end()
})

test('weights that are pickled are refused before anything is started', async () => {
  const place = makePlace()
  const pickled = writeWeightsDirectory(place.file('pickled'), { 'model.safetensors': null, 'pytorch_model.bin': 'x' })
  const daemon = await startDaemon(manifest(place, { source: `file:${pickled}` }), place)
  const answer = await daemon.ask('m')
  expect(answer).toMatchObject({ status: 503, json: { error: { code: 'weights_wrong' } } })
  expect(answer.json.error.message).toMatch(/`allow_code` is not supported by this version/)
  expect(fakeEvents(place.file('record'))).toEqual([])
  await daemon.end()
})

test('shared memory that processes killed at once leave is removed, unless another process holds it', async () => {
  const place = makePlace()
  const daemon = await startDaemon(manifest(place), place)
  const record = place.file('record')
  const loaded = async (launch: number): Promise<string> => {
    expect((await daemon.ask('m')).status).toBe(200)
    const { path = '' } = await untilFakeEvent(record, 'segment', launch)
    // Once it stands in the launch record it is known to whoever ends the launch.
    const { id } = (await daemon.admin('/models/m')).json.instance
    await untilTrue(() => textOf(join(place.state, 'run', id, 'launch.json')).includes(path))
    return path
  }
  const killAll = (): void => fakeEvents(record).forEach(({ pid }) => killIfThere(pid))

  const free = await loaded(1)
  killAll()
  await daemon.untilEvent('released', 'm')
  expect(existsSync(free)).toBe(false)

  const used = await loaded(2)
  const held = openSync(used, 'r')
  onTestFinished(() => {
    closeSync(held)
    rmSync(used, { force: true })
  })
  killAll()
  await daemon.untilEvent('released', 'm', 2)
  expect(existsSync(used)).toBe(true)

  const left = await loaded(3)
  daemon.program.signal('SIGKILL')
  await daemon.program.exited
  killAll()
  const next = await startDaemon(manifest(place), place)
  expect(existsSync(left)).toBe(false)
  await next.end()
}, 60_000)
