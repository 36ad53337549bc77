import { describe, expect, test } from 'vitest'
import { EnginehouseError, ERRORS } from '../../../src/core/index.ts'
import { answerHeaders, kindOf } from '../../../src/gateway/answer.ts'
import { allowedHosts } from '../../../src/gateway/hosts.ts'
import { createIds } from '../../../src/gateway/ids.ts'
import { errorBody, retryHeaders } from '../../../src/gateway/refusal.ts'
import { createKnownRoutes, INFERENCE_ROUTES, isNotBuilt } from '../../../src/gateway/routes.ts'
import { UsageFinder } from '../../../src/gateway/usage.ts'

describe('the hosts of a listener', () => {
  const own = ['This-Host']
  test('are each name alone and with the port', () => {
    const hosts = allowedHosts({ kind: 'tcp', host: '::1', port: 80 }, { hosts: ['auto'], own })
    expect([...hosts].toSorted()).toEqual(
      ['localhost', '127.0.0.1', '[::1]', 'this-host'].flatMap((name) => [name, `${name}:80`]).toSorted(),
    )
    expect(allowedHosts({ kind: 'tcp', host: '0.0.0.0', port: 80 }, { hosts: ['auto'], own }).has('0.0.0.0')).toBe(
      false,
    )
    expect([...allowedHosts({ kind: 'unix', path: '/x' }, { hosts: ['auto'], own: [] })]).toEqual([
      'localhost',
      '127.0.0.1',
      '[::1]',
    ])
  })

  test('are those of the manifest, and without `auto` no others', () => {
    const address = { kind: 'tcp', host: '127.0.0.1', port: 80 } as const
    const hosts = ['Models.example', 'proxy.example:8443', 'fd00::1']
    expect([...allowedHosts(address, { hosts, own })]).toEqual([
      'models.example',
      'models.example:80',
      'proxy.example:8443',
      '[fd00::1]',
      '[fd00::1]:80',
    ])
    expect(allowedHosts(address, { hosts: ['auto', ...hosts], own }).has('localhost:80')).toBe(true)
  })
})

describe('usage', () => {
  test.each([
    ['{"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}', { input: 3, output: 5 }],
    ['{"usage":{"completion_tokens": 5, "prompt_tokens": 3}}', { input: 3, output: 5 }],
    ['{"usage":{"prompt_tokens":3,"total_tokens":3}}', { input: 3, output: 0 }],
    ['{"usage":null}', null],
    ['{"content":"\\"usage\\":{"}', null],
    ['', null],
  ])('%s', (text, expected) => {
    expect(new UsageFinder().look(Buffer.from(text))).toEqual(expected)
  })

  test('is found wherever the answer is cut in two, and in single bytes', () => {
    const text = Buffer.from(
      String.raw`{"a":"\"usage\":{","x":"\"us","usage":{"prompt_tokens":31,"completion_tokens":52}}`,
    )
    for (let cut = 0; cut <= text.length; cut++) {
      const finder = new UsageFinder()
      const found = [finder.look(text.subarray(0, cut)), finder.look(text.subarray(cut))]
      expect(found.filter((usage) => usage !== null)).toEqual([{ input: 31, output: 52 }])
    }
    const finder = new UsageFinder()
    const found = [...text].map((byte) => finder.look(Buffer.of(byte)))
    expect(found.filter((usage) => usage !== null)).toEqual([{ input: 31, output: 52 }])
  })

  test('an object that does not end is not kept for ever', () => {
    const finder = new UsageFinder()
    expect(finder.look(Buffer.from(`"usage":{${' '.repeat(300)}`))).toBe(null)
    expect(finder.look(Buffer.from(' '.repeat(300)))).toBe(null)
    expect(finder.look(Buffer.from('"prompt_tokens":1}'))).toBe(null)
  })

  test('the last of several counts in one piece holds', () => {
    const events = [1, 2].map((count) => `data: {"usage":{"prompt_tokens":9,"completion_tokens":${count}}}\n\n`)
    expect(new UsageFinder().look(Buffer.from(events.join('')))).toEqual({ input: 9, output: 2 })
  })
})

test('ids are never the same', () => {
  const next = createIds()
  const ids = Array.from({ length: 1000 }, next)
  expect(new Set(ids).size).toBe(1000)
  expect(ids.every((id) => /^req_[0-9a-f]{12}_[0-9a-z]+$/.test(id))).toBe(true)
})

describe('routes', () => {
  test('a path is known with the methods that are registered for it', () => {
    const routes = createKnownRoutes()
    routes.add({ url: '/v1/models/*', method: ['GET', 'HEAD'], crossOrigin: true })
    routes.add({ url: '/v1/models/unload-all', method: 'POST', crossOrigin: false })
    routes.add({ url: '/api/v1/models/:id/x', method: 'POST', crossOrigin: false })
    expect(routes.methodsAt('/v1/models/org/name')).toEqual(['GET', 'HEAD'])
    expect(routes.methodsAt('/api/v1/models/a/x')).toEqual(['POST'])
    expect(routes.methodsAt('/api/v1/models/a/b/x')).toEqual([])
    expect(routes.methodsAt('/v1/models')).toEqual([])
    expect(routes.methodsAt('/v1/models/unload-all')).toEqual(['GET', 'HEAD', 'POST'])
    expect(routes.crossOriginMethodsAt('/v1/models/org/name')).toEqual(['GET', 'HEAD'])
    expect(routes.crossOriginMethodsAt('/v1/models/unload-all')).toEqual([])
  })

  test('what is built is not among what is not', () => {
    const built = INFERENCE_ROUTES.flatMap(({ path, aliases }) => [path, ...aliases])
    expect(built.filter(isNotBuilt)).toEqual([])
    expect(['/api/chat', '/upstream/m/x/y', '/v1/models/inventory'].every(isNotBuilt)).toBe(true)
    expect(isNotBuilt('/v1/nothing')).toBe(false)
  })
})

describe('error bodies', () => {
  test('have the four members of OpenAI, a message with its next step, and the two apart', () => {
    const error = new EnginehouseError('model_not_found', { model: 'lama', nearest: ['llama'] })
    const body = JSON.parse(errorBody(error)) as { error: Record<string, unknown> }
    expect(body.error).toEqual({
      message: `${error.message} ${error.next}`,
      type: 'invalid_request_error',
      param: 'model',
      code: 'model_not_found',
      next: 'Did you mean "llama"?',
      facts: { model: 'lama', nearest: ['llama'] },
    })
  })

  test('a client is told to try again exactly where that can help', () => {
    const told = (code: 'server_overloaded' | 'bad_request'): string =>
      code === 'bad_request'
        ? retryHeaders(new EnginehouseError(code, { why: '' })).join()
        : retryHeaders(new EnginehouseError(code, { waiting: 1, limit: 1 })).join()
    expect(told('server_overloaded')).toBe('retry-after,5')
    expect(told('bad_request')).toBe('x-should-retry,false')
    expect(ERRORS.server_overloaded.retry).toBe('later')
  })
})

test('a stream gets our buffering headers in place of the engine’s, and no length beside chunks', () => {
  const head = {
    'content-type': 'text/event-stream; charset=utf-8',
    'transfer-encoding': 'chunked',
    'content-length': '5',
    'cache-control': 'public',
    vary: 'a',
  }
  expect(answerHeaders(head, ['a', 'b'], kindOf(200, head))).toEqual([
    'a',
    'b',
    'content-type',
    'text/event-stream; charset=utf-8',
    'vary',
    'a',
    'x-accel-buffering',
    'no',
    'cache-control',
    'no-cache, no-transform',
  ])
})
