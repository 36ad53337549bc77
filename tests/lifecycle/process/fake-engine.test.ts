import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'

import { describe, expect, test } from 'vitest'

import { fakeEngineEvents, untilEvent } from '../../support/fake-engine.ts'
import { textOf, untilChange, untilTrue } from '../../support/gates.ts'
import { createWorld } from './world.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** False when the connection broke before the answer was whole. */
  readonly whole: boolean
}

/** A POST to the fake engine; `onText` sees what has come so far. */
function post(socketPath: string, path: string, body: string, onText: (text: string) => void = () => {}) {
  return new Promise<Answer>((resolve, reject) => {
    const asked = request({ socketPath, path, method: 'POST', agent: false }, (response) => {
      let text = ''
      const end = (whole: boolean): void =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, whole })
      response.on('data', (piece) => onText((text += String(piece))))
      response.on('end', () => end(true))
      response.on('error', () => end(false))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

async function startEngine(...knobs: readonly string[]) {
  const world = createWorld()
  const socket = join(world.directory, 's')
  const engine = await world.engine('--listen', socket, ...knobs)
  const ready = untilEvent(world.record, 'ready')
  return { world, socket, engine, ready }
}

const CHAT = '{"messages":[{"role":"user","content":"hi"}]}'
const CHAT_STREAM = '{"messages":[],"stream":true,"stream_options":{"include_usage":true}}'

describe('where it ends, and how', () => {
  test.each([
    ['spawn', ['--exit-at', 'spawn', '--exit-code', '7'], { code: 7, signal: null }, ['started', 'exit']],
    ['loading', ['--exit-at', 'loading'], { code: 1, signal: null }, ['started', 'exit']],
    ['ready', ['--exit-at', 'ready', '--exit-code', '0'], { code: 0, signal: null }, ['started', 'ready', 'exit']],
    [
      'a signal',
      ['--exit-at', 'ready', '--signal-self', 'SIGABRT'],
      { code: null, signal: 'SIGABRT' },
      ['started', 'ready'],
    ],
    ['a flag it does not know', ['--nope'], { code: 1, signal: null }, ['started', 'exit']],
  ])('%s', async (_name, knobs, exit, events) => {
    const { world, engine } = await startEngine(...knobs)
    expect(await engine.exited).toEqual(exit)
    expect(fakeEngineEvents(world.record).map(({ event }) => event)).toEqual(events)
  })

  test('at a request, only as long as a file exists', async () => {
    const { world, socket, engine, ready } = await startEngine('--exit-at', 'request', '--exit-while', 'bad')
    await ready
    expect((await post(socket, '/v1/chat/completions', CHAT)).status).toBe(200)
    writeFileSync(join(world.directory, 'bad'), '')
    await expect(post(socket, '/v1/chat/completions', CHAT)).rejects.toThrow()
    expect(await engine.exited).toEqual({ code: 1, signal: null })
  })

  test('at a token, which the client still gets', async () => {
    const { socket, ready } = await startEngine('--crash-at-token', '3')
    await ready
    const answer = await post(socket, '/v1/chat/completions', CHAT_STREAM)
    expect(answer.whole).toBe(false)
    expect(answer.text).toContain('w3 ')
    expect(answer.text).not.toContain('w4 ')
  })
})

test('a token gate holds the stream and lets as many through as it says', async () => {
  const { world, socket, ready } = await startEngine('--token-gate', 'gate', '--tokens', '5')
  await ready
  let seen = ''
  const answer = post(socket, '/v1/chat/completions', CHAT_STREAM, (text) => (seen = text))
  await untilTrue(() => seen.includes('w1 '))
  // Whole at once: an empty gate lets all through.
  writeFileSync(join(world.directory, 'three'), '3')
  renameSync(join(world.directory, 'three'), join(world.directory, 'gate'))
  await untilTrue(() => seen.includes('w3 '))
  expect(seen).not.toContain('w4 ')
  writeFileSync(join(world.directory, 'gate'), '')
  const { text, whole } = await answer
  expect(whole).toBe(true)
  expect(text).toContain('"usage":{"prompt_tokens":1,"completion_tokens":5,"total_tokens":6}')
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
})

test('llama-server: 503 while it loads, then a guarded /props, and 500 for what is not JSON', async () => {
  const { world, socket, engine, ready } = await startEngine('--kind', 'llama', '--ready-gate', 'go')
  const { probe } = world.processes
  const address = { kind: 'unix' as const, path: socket }
  await untilTrue(() => engine.tail().some((line) => line.includes('loading model')))
  const loading = { kind: 'answer', status: 503, body: expect.stringContaining('Loading model') }
  expect(await probe(address, '/health', { key: null, timeout: 5000 })).toMatchObject(loading)
  writeFileSync(join(world.directory, 'go'), '')
  await ready
  expect(await probe(address, '/props', { key: null, timeout: 5000 })).toMatchObject({ status: 200 })
  expect(await post(socket, '/v1/completions', '{')).toMatchObject({ status: 500 })
})

test('llama-server refuses a wrong key at /props and nowhere that is public', async () => {
  const { world, socket, ready } = await startEngine('--kind', 'llama', '--api-key', 'k')
  await ready
  const statuses = []
  for (const path of ['/props', '/health', '/v1/models']) {
    for (const key of [null, 'wrong', 'k']) {
      const reply = await world.processes.probe({ kind: 'unix', path: socket }, path, { key, timeout: 5000 })
      statuses.push(reply.kind === 'answer' ? reply.status : reply.kind)
    }
  }
  expect(statuses).toEqual([401, 401, 200, 200, 200, 200, 200, 200, 200])
})

test('llama-server ends after TERM only when the sockets of its requests have closed', async () => {
  const { world, socket, engine, ready } = await startEngine('--kind', 'llama', '--hang-generation')
  await ready
  const asked = request({ socketPath: socket, path: '/v1/chat/completions', method: 'POST', agent: false })
  asked.on('error', () => {})
  asked.end(CHAT)
  await untilEvent(world.record, 'request')
  if (engine.identity.leader) world.processes.signal(engine.identity.leader, 'SIGTERM')
  await untilEvent(world.record, 'term')
  asked.destroy()
  expect(await engine.exited).toEqual({ code: 0, signal: null })
  const events = fakeEngineEvents(world.record).map(({ event }) => event)
  expect(events).toEqual(['started', 'ready', 'request', 'term', 'cancelled', 'exit'])
})

test('device memory is taken while it lives, given back after, and refused when it is not there', async () => {
  const { world, engine, ready } = await startEngine('--state', 'devices', '--allocate', 'GPU-1=600')
  await ready
  const devices = join(world.directory, 'devices')
  const state = () => JSON.parse(readFileSync(devices, 'utf8'))
  const pid = engine.identity.leader?.pid ?? 0
  expect(state().used).toEqual({ 'GPU-1': { [pid]: 600 } })

  writeFileSync(devices, JSON.stringify({ ...state(), total: { 'GPU-1': 1000 } }))
  const second = await world.engine(
    '--listen',
    join(world.directory, 's2'),
    '--state',
    'devices',
    '--allocate',
    'GPU-1=600',
  )
  expect(await second.exited).toEqual({ code: 1, signal: null })
  await second.drained
  expect(second.tail().join('\n')).toContain('cudaMalloc failed: out of memory')

  if (engine.identity.leader) world.processes.signal(engine.identity.leader, 'SIGKILL')
  await engine.exited
  await untilChange(devices, () => (textOf(devices).includes(`"${pid}"`) ? undefined : true))
  expect(state().used).toEqual({ 'GPU-1': {} })
})

test('the bench answers 362 bytes', async () => {
  const { socket, ready } = await startEngine('--bench')
  await ready
  const answer = await post(socket, '/v1/chat/completions', CHAT)
  expect(answer.headers['content-length']).toBe('362')
  expect(JSON.parse(answer.text)).toMatchObject({ object: 'chat.completion' })
  const stream = await post(socket, '/v1/chat/completions', '{"stream":true}')
  expect(stream.text.match(/^data: /gm)).toHaveLength(9)
})
