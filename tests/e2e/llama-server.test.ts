import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { beforeAll, expect, test } from 'vitest'

import { tinyGguf } from '../fixtures/tiny-gguf.ts'
import { TOOL_ANSWER, TOOL_TEMPLATE, TOOLS } from '../fixtures/tool-template.ts'
import { untilTrue } from '../support/gates.ts'
import { chat, makePlace, processesOf, startDaemon } from '../support/daemon.ts'
import { installLlamaServer, llamaServer, tinyModel } from '../support/llama-server.ts'

interface LiveRequest {
  readonly stream: boolean
  readonly first_byte_ms: number | null
}

const INSTALL_LIMIT = 10 * 60_000

beforeAll(() => installLlamaServer().then(() => undefined), INSTALL_LIMIT)

test('chats, streams, embeds, and offers nothing that it cannot do', async (context) => {
  const path = await llamaServer(context)
  const place = makePlace()
  const models = {
    ...tinyModel(place, 'chatty'),
    ...tinyModel(place, 'handy', {}, { says: TOOL_ANSWER, template: TOOL_TEMPLATE }),
    ...tinyModel(place, 'strict', {}, { template: TOOL_TEMPLATE }),
    ...tinyModel(place, 'embedder', { args: { embeddings: true, pooling: 'mean' } }),
  }
  const daemon = await startDaemon({ engines: { 'llama-server': { path } }, models }, place)
  const input = 'a sentence'
  const embeddings = { path: '/v1/embeddings' }

  for (const [body, more] of [
    [{ model: 'chatty', input }, embeddings],
    [chat('embedder'), {}],
  ] as const) {
    const refused = await daemon.ask(body, more)
    expect(refused).toMatchObject({ status: 404, json: { error: { code: 'unsupported_endpoint' } } })
  }
  expect(daemon.events.filter(({ kind }) => kind === 'wanted' || kind === 'started')).toEqual([])

  const answer = await daemon.ask({ ...chat('chatty'), max_tokens: 16 })
  expect(answer.status, answer.text).toBe(200)
  expect(answer.json).toMatchObject({ model: 'chatty', usage: { completion_tokens: 16 } })
  expect(answer.json.choices[0].message.content).toMatch(/^[a-z ]{1,16}$/)

  const stream = daemon.stream('chatty', { max_tokens: 16 })
  await stream.until('data: [DONE]')
  expect(stream.received).toMatch(/^HTTP\/1\.1 200/)
  expect(stream.received.match(/"delta":\{"content":"[a-z ]+"/g)?.length).toBeGreaterThan(1)

  const parameters = { max_new_tokens: 4, details: true, repetition_penalty: 1.1, seed: 1 }
  const text = await daemon.ask({ model: 'chatty', inputs: input, parameters }, { path: '/v1/generate' })
  expect(text.json).toMatchObject({ details: { finish_reason: 'length', generated_tokens: 4, seed: 1 } })
  const pieces = await daemon.ask({ model: 'chatty', inputs: input, parameters }, { path: '/generate_stream' })
  const events = pieces.text.split('\n\n').filter((event) => event.startsWith('data: '))
  expect(events).toHaveLength(5)
  expect(events[4]).toContain('"finish_reason":"length","generated_tokens":4')

  const vector = await daemon.ask({ model: 'embedder', input }, embeddings)
  expect(vector.status, vector.text).toBe(200)
  expect(vector.json.data[0].embedding).toHaveLength(64)

  // Tools reach the engine, and its calls come back read; a schema holds the answer.
  const called = await daemon.ask({ ...chat('handy'), tools: TOOLS, parallel_tool_calls: true })
  expect(called.json.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { tool_calls: [{}, {}] } })
  expect(called.json.choices[0].message.tool_calls[0].function).toEqual({
    name: 'paint',
    arguments: '{"colour": "red", "n": 12}',
  })
  const calling = await daemon.ask({ ...chat('handy'), tools: TOOLS, stream: true })
  expect(calling.text).toMatch(/"delta":\{"tool_calls":\[\{"index":0,"id":"\w+","type":"function"/)
  const schema = { type: 'object', properties: { colour: { enum: ['red', 'blue'] } }, required: ['colour'] }
  const format = { type: 'json_schema', json_schema: { name: 'colour', schema } }
  const held = await daemon.ask({ ...chat('strict'), response_format: format, temperature: 0, seed: 1, max_tokens: 60 })
  expect(JSON.parse(held.json.choices[0].message.content)).toEqual({
    colour: expect.stringMatching(/^(red|blue)$/) as string,
  })

  expect(processesOf(place)).toHaveLength(4)
  expect((await daemon.command('unload', 'chatty')).exit).toBe(0)
  expect(processesOf(place)).toHaveLength(3)
  expect(readdirSync(join(place.state, 'run'))).toHaveLength(3)
  await daemon.end()
})

test('a client that leaves in the middle of a stream frees the only slot', async (context) => {
  const path = await llamaServer(context)
  const place = makePlace()
  const models = tinyModel(place, 'm', { context: '64k' }, { context: 131_072 })
  const daemon = await startDaemon({ engines: { 'llama-server': { path } }, models }, place)
  const client = daemon.stream('m', { ignore_eos: true, max_tokens: 60_000 })
  await client.until('"content":"')
  const next = daemon.ask({ ...chat('m'), max_tokens: 4 })
  await daemon.untilWaiting(1)
  client.socket.destroy()
  expect((await next).status).toBe(200)
  expect(client.received).not.toContain('[DONE]')
  expect((await daemon.command('logs', 'm', '--lines', '10000')).stdout).toMatch(/cancel/i)
  expect(daemon.ofKind('started')).toHaveLength(1)
  await daemon.end()
})

test('a client that leaves a plain answer frees its slot too, also beside a stream', async (context) => {
  const path = await llamaServer(context)
  const place = makePlace()
  const models = tinyModel(place, 'm', { context: '32k', parallel: 2 }, { context: 131_072 })
  const daemon = await startDaemon({ engines: { 'llama-server': { path } }, models }, place)
  const long = { ignore_eos: true, max_tokens: 30_000 }
  const stream = daemon.stream('m', long)
  await stream.until('"content":"')
  const plain = daemon.stream('m', { ...long, stream: false })
  const isAnswered = ({ stream: streamed, first_byte_ms: firstByte }: LiveRequest): boolean =>
    !streamed && firstByte !== null
  await untilTrue(async () => (await daemon.admin('/requests')).json.requests.some(isAnswered))
  plain.socket.destroy()
  // Both slots would be taken: llama-server goes on with a plain answer for as long as anything else happens in it.
  expect((await daemon.ask({ ...chat('m'), max_tokens: 4 })).status).toBe(200)
  expect(stream.end).toBeNull()
  stream.socket.destroy()
  await daemon.end()
})

test('killed while it streams: the client is told, and the next request has a new engine', async (context) => {
  const path = await llamaServer(context)
  const place = makePlace()
  const models = tinyModel(place, 'm', { context: '64k' }, { context: 131_072 })
  const daemon = await startDaemon({ engines: { 'llama-server': { path } }, models }, place)
  const client = daemon.stream('m', { ignore_eos: true, max_tokens: 60_000 })
  await client.until('"content":"')
  const pid = await daemon.pidOf('m')
  process.kill(pid, 'SIGKILL')
  await client.closed
  expect(client.received).toContain('"code":"engine_crashed"')
  expect(client.received).not.toContain('[DONE]')
  // Its connections end before it does; until the daemon hears of its end it counts as ready.
  await daemon.untilEvent('crashed', 'm')
  expect((await daemon.ask({ ...chat('m'), max_tokens: 4 })).status).toBe(200)
  expect(await daemon.pidOf('m')).not.toBe(pid)
  await daemon.end()
})

test('weights that are cut, damaged where only the engine looks, or trained for less, are refused by name', async (context) => {
  const path = await llamaServer(context)
  const place = makePlace()
  const models = {
    ...tinyModel(place, 'cut'),
    ...tinyModel(place, 'damaged'),
    ...tinyModel(place, 'good'),
    ...tinyModel(place, 'long', { context: '8k' }),
  }
  truncateSync(place.file('cut.gguf'), 200_000)
  // An architecture that no engine knows: the header is sound, so only the engine can tell.
  const text = tinyGguf().toString('latin1').replace('\u0005\0\0\0\0\0\0\0llama', '\u0005\0\0\0\0\0\0\0llamb')
  writeFileSync(place.file('damaged.gguf'), Buffer.from(text, 'latin1'))
  const daemon = await startDaemon({ engines: { 'llama-server': { path } }, models }, place)

  expect(await daemon.ask('cut')).toMatchObject({ status: 503, json: { error: { code: 'weights_wrong' } } })
  const damaged = await daemon.ask('damaged')
  expect(damaged).toMatchObject({
    status: 503,
    headers: { 'x-should-retry': 'false' },
    json: { error: { code: 'model_failed', message: expect.stringContaining('unsupported') as string } },
  })
  expect(damaged.text).toContain('unknown model architecture')
  const long = await daemon.ask('long')
  expect(long).toMatchObject({ status: 503, headers: { 'x-should-retry': 'false' } })
  expect(long.json.error.message).toContain('it serves 2048 tokens of context where `context: 8192` was asked')
  const crashes = daemon
    .ofKind('crashed')
    .map(({ text }) => text)
    .join('\n')
  expect(
    daemon.ofKind('started').map(({ model }) => model),
    crashes,
  ).toEqual(['damaged', 'long'])
  expect((await daemon.ask({ ...chat('good'), max_tokens: 4 })).status).toBe(200)
  await daemon.end()
})

test('two real engines that do not fit together take turns', async (context) => {
  const path = await llamaServer(context)
  const place = makePlace()
  const memory = { memory: '600MiB' }
  const models = { ...tinyModel(place, 'a', memory), ...tinyModel(place, 'b', memory) }
  const manifest = { engines: { 'llama-server': { path } }, memory: { host: '1GiB' }, models }
  const daemon = await startDaemon(manifest, place)
  for (const model of ['a', 'b', 'a']) {
    const answer = await daemon.ask({ ...chat(model), max_tokens: 4 })
    expect(answer.status, answer.text).toBe(200)
    expect(processesOf(place).map(({ pid }) => pid)).toEqual([await daemon.pidOf(model)])
  }
  expect(daemon.ofKind('stopping').map(({ model, evidence }) => [model, evidence.reason])).toEqual([
    ['a', 'evicted_for'],
    ['b', 'evicted_for'],
  ])
  await daemon.end()
})

test('listens on a port where the state directory is too deep for a socket, whatever its surroundings say', async (context) => {
  const path = await llamaServer(context)
  const base = makePlace()
  const state = base.file(`deep-${'d'.repeat(80)}`)
  mkdirSync(state, { mode: 0o700 })
  const place = { ...base, state }
  // What llama-server would heed of its surroundings. The files are read by builds that are newer than the pinned one.
  const settings = 'port = 1\nhost = 0.0.0.0\napi-prefix = /elsewhere\nalias = other\n'
  for (const home of [place.file('.config'), place.file('xdg')]) {
    mkdirSync(join(home, 'llama.cpp'), { recursive: true })
    writeFileSync(join(home, 'llama.cpp', 'config.ini'), settings)
  }
  const surroundings = {
    XDG_CONFIG_HOME: place.file('xdg'),
    LLAMA_ARG_API_PREFIX: '/elsewhere',
    LLAMA_ARG_PORT: '1',
    AIP_MODE: 'PREDICTION',
    AIP_HTTP_PORT: '1',
  }
  const manifest = { engines: { 'llama-server': { path } }, models: tinyModel(place, 'm') }
  const daemon = await startDaemon(manifest, place, surroundings)
  const answer = await daemon.ask({ ...chat('m'), max_tokens: 4 })
  expect([answer.status, answer.json.model]).toEqual([200, 'm'])
  const { argv } = (await daemon.admin('/models/m')).json.instance
  expect(argv).toEqual(expect.arrayContaining(['--host', '127.0.0.1', '--port']))
  await daemon.end()
})
