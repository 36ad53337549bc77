import { writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { exchangeBytes } from '../../gateway/support/raw-client.ts'
import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'

const CHAT = '/v1/chat/completions'
const END = 'host: localhost\r\nconnection: close\r\n'

function post(body: string, headers = '', path = CHAT): string {
  const type = 'content-type: application/json\r\n'
  return `POST ${path} HTTP/1.1\r\n${END}${type}${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

function ask(model: string): string {
  return post(JSON.stringify({ model, messages: [] }))
}

const BODY = '{"model":"a"}'

const TABLE: readonly (readonly [fear: string, bytes: string, status: number, code: string])[] = [
  ['an unknown model', ask('streems'), 404, 'model_not_found'],
  ['a model that is a path', ask('../../etc/passwd'), 404, 'model_not_found'],
  ['no JSON', post('hello'), 400, 'json_invalid'],
  ['half a JSON object', post('{"model":"streams"'), 400, 'json_invalid'],
  ['no body', post(''), 400, 'json_invalid'],
  ['no model', post('{"messages":[]}'), 400, 'model_required'],
  ['a model that is a number', post('{"model":7}'), 400, 'parameter_invalid'],
  ['a field that is not built', post('{"model":"streams","ttl":5}'), 400, 'not_supported'],
  ['a body that is too large', post(`{"model":"streams","x":"${'y'.repeat(70_000)}"}`), 413, 'body_too_large'],
  [
    'another media type',
    `POST ${CHAT} HTTP/1.1\r\n${END}content-type: text/plain\r\ncontent-length: 2\r\n\r\n{}`,
    415,
    'media_type_unsupported',
  ],
  ['the wrong method', `GET ${CHAT} HTTP/1.1\r\n${END}\r\n`, 405, 'method_not_allowed'],
  ['an unknown path', post(BODY, '', '/v1/chat/complete'), 404, 'route_not_found'],
  ['a path that is not built', post(BODY, '', '/api/chat'), 404, 'route_not_supported'],
  ['a path that is not valid', `GET /v1/%zz HTTP/1.1\r\n${END}\r\n`, 400, 'bad_request'],
  ['two lengths', post(BODY, 'content-length: 13\r\n'), 400, 'bad_request'],
  ['a length and chunks', post(BODY, 'transfer-encoding: chunked\r\n'), 400, 'bad_request'],
  [
    'another host',
    `GET /v1/models HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n`,
    421,
    'host_not_allowed',
  ],
  ['a web page of elsewhere', post(BODY, 'origin: https://evil.example\r\n'), 403, 'origin_not_allowed'],
  [
    'a web page of elsewhere on a native route',
    post('{}', 'origin: https://evil.example\r\n', '/api/v1/models/unload-all'),
    403,
    'origin_not_allowed',
  ],
  [
    'a field that a native route does not know',
    post('{"al":1}', '', '/api/v1/models/unload-all'),
    400,
    'parameter_invalid',
  ],
  ['no HTTP', 'hello there\r\n\r\n', 400, 'bad_request'],
  ['weights that are missing', ask('no-weights'), 503, 'weights_missing'],
  ['weights that are wrong', ask('no-gguf'), 503, 'weights_wrong'],
  ['an engine that is not installed', ask('no-engine'), 503, 'engine_not_installed'],
  ['a model that no memory can hold', ask('too-large'), 503, 'insufficient_host_memory'],
]

test('no bad request is answered by anything but its error, or disturbs the stream of another model', async () => {
  const place = makePlace()
  const gate = place.file('tokens')
  writeFileSync(place.file('text.gguf'), 'this is no GGUF file')
  const llama = { engine: 'llama-server', gpus: 'none' }
  const daemon = await startDaemon(
    {
      server: { max_body: '64KiB' },
      memory: { host: '4GiB' },
      engines: { 'llama-server': { path: place.file('no-llama-server') } },
      models: {
        ...fakeModel(place, 'streams', ['--token-gate', gate]),
        ...fakeModel(place, 'no-weights', ['--model', '{model_path}'], { source: `file:${place.file('none.gguf')}` }),
        ...fakeModel(place, 'no-gguf', ['--model', '{model_path}'], { source: `file:${place.file('text.gguf')}` }),
        ...fakeModel(place, 'too-large', [], { memory: '5GiB' }),
        'no-engine': { ...llama, source: `file:${place.file('text.gguf')}` },
      },
    },
    place,
  )
  const stream = daemon.stream('streams')
  await stream.until('w1 ')
  const seen: [string, number, string][] = []
  for (const [fear, bytes] of TABLE) {
    const { received } = await exchangeBytes(daemon.port, bytes)
    const [head = '', body = ''] = received.split('\r\n\r\n')
    const { error } = JSON.parse(body.replace(/^[0-9a-f]+\r\n|\r\n0$/g, ''))
    expect(Object.keys(error).toSorted(), fear).toEqual(['code', 'facts', 'message', 'next', 'param', 'type'])
    seen.push([fear, Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), error.code])
  }
  expect(seen).toEqual(TABLE.map(([fear, , status, code]) => [fear, status, code]))
  const { text } = await daemon.ask('streems')
  expect(text).toContain('Did you mean \\"streams\\"?')

  writeFileSync(gate, '')
  await stream.until('data: [DONE]')
  expect(stream.received.match(/w\d /g)).toEqual(['w1 ', 'w2 ', 'w3 ', 'w4 ', 'w5 ', 'w6 ', 'w7 ', 'w8 '])
  expect(daemon.ofKind('started').map(({ model }) => model)).toEqual(['streams'])
  await daemon.end()
})
