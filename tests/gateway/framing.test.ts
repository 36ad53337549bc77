import { beforeAll, afterAll, describe, expect, test } from 'vitest'
import { startHouse } from './support/house.ts'
import type { House } from './support/house.ts'
import { exchangeBytes, post } from './support/raw-client.ts'

let house: House

beforeAll(async () => {
  house = await startHouse({ maxBody: 1000 })
})

afterAll(() => house.close())

const LINE = 'POST /v1/chat/completions HTTP/1.1\r\n'
const HEAD = `${LINE}host: localhost\r\n`
const BODY = '{"model":"m"}'
const CHUNKED_BODY = `d\r\n${BODY}\r\n0\r\n\r\n`
const many = Array.from({ length: 101 }, (_, index) => `x-${index}: 1\r\n`).join('')

/** Bytes, and the status and the code that they get. */
const rows: readonly (readonly [name: string, bytes: string, status: number, code: string])[] = [
  ['no Host', `${LINE}content-length: 13\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['two Hosts', `${HEAD}host: localhost\r\ncontent-length: 13\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['a Host with a query', `${LINE}host: a?x=\r\ncontent-length: 13\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['a Host with a path', `${LINE}host: localhost/b\r\ncontent-length: 13\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['a Host with a space', `${LINE}host: local host\r\ncontent-length: 13\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['an empty Host', `${LINE}host:\r\ncontent-length: 13\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['a foreign Host', `${LINE}host: rebind.example\r\ncontent-length: 13\r\n\r\n${BODY}`, 421, 'host_not_allowed'],
  [
    'our Host with a foreign port',
    `${LINE}host: localhost:1\r\ncontent-length: 13\r\n\r\n${BODY}`,
    421,
    'host_not_allowed',
  ],
  ['a Host with a final dot', `${LINE}host: localhost.\r\ncontent-length: 13\r\n\r\n${BODY}`, 421, 'host_not_allowed'],
  [
    'a target of another authority',
    `POST http://rebind.example/v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 13\r\n\r\n${BODY}`,
    400,
    'bad_request',
  ],
  [
    'a foreign Origin',
    `${HEAD}origin: https://evil.example\r\ncontent-length: 13\r\n\r\n${BODY}`,
    403,
    'origin_not_allowed',
  ],
  ['the Origin null', `${HEAD}origin: null\r\ncontent-length: 13\r\n\r\n${BODY}`, 403, 'origin_not_allowed'],
  [
    'an Origin that only begins like ours',
    `${HEAD}origin: http://localhost.evil.example\r\ncontent-length: 13\r\n\r\n${BODY}`,
    403,
    'origin_not_allowed',
  ],
  ['two equal Content-Lengths', `${HEAD}content-length: 13\r\ncontent-length: 13\r\n\r\n${BODY}`, 400, 'bad_request'],
  [
    'two different Content-Lengths',
    `${HEAD}content-length: 13\r\ncontent-length: 14\r\n\r\n${BODY}`,
    400,
    'bad_request',
  ],
  [
    'Content-Length and chunks',
    `${HEAD}content-length: 13\r\ntransfer-encoding: chunked\r\n\r\n${CHUNKED_BODY}`,
    400,
    'bad_request',
  ],
  [
    'chunks and Content-Length',
    `${HEAD}transfer-encoding: chunked\r\ncontent-length: 13\r\n\r\n${CHUNKED_BODY}`,
    400,
    'bad_request',
  ],
  [
    'a Transfer-Encoding with an empty part',
    `${HEAD}transfer-encoding: ,chunked\r\n\r\n${CHUNKED_BODY}`,
    400,
    'bad_request',
  ],
  ['compressed chunks', `${HEAD}transfer-encoding: gzip, chunked\r\n\r\n${CHUNKED_BODY}`, 400, 'bad_request'],
  [
    'two Transfer-Encodings',
    `${HEAD}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n${CHUNKED_BODY}`,
    400,
    'bad_request',
  ],
  ['chunked twice', `${HEAD}transfer-encoding: chunked, chunked\r\n\r\n${CHUNKED_BODY}`, 400, 'bad_request'],
  ['an unknown Transfer-Encoding', `${HEAD}transfer-encoding: xchunked\r\n\r\n${CHUNKED_BODY}`, 400, 'bad_request'],
  ['the Transfer-Encoding identity', `${HEAD}transfer-encoding: identity\r\n\r\n${CHUNKED_BODY}`, 400, 'bad_request'],
  [
    'a chunked body of HTTP/1.0',
    `POST /v1/chat/completions HTTP/1.0\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n${CHUNKED_BODY}`,
    400,
    'bad_request',
  ],
  ['an octal Content-Length', `${HEAD}content-length: 013\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['a signed Content-Length', `${HEAD}content-length: +13\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['a negative Content-Length', `${HEAD}content-length: -1\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['a hexadecimal Content-Length', `${HEAD}content-length: 0xd\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['a list of Content-Lengths', `${HEAD}content-length: 13,13\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['an empty Content-Length', `${HEAD}content-length:\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['a Content-Length above 2^53', `${HEAD}content-length: 9007199254740993\r\n\r\n`, 413, 'body_too_large'],
  ['a Content-Length above 2^64', `${HEAD}content-length: 100000000000000000000\r\n\r\n`, 400, 'bad_request'],
  [
    'a chunk size with a sign',
    `${HEAD}transfer-encoding: chunked\r\n\r\n+d\r\n${BODY}\r\n0\r\n\r\n`,
    400,
    'bad_request',
  ],
  [
    'a chunk size in hexadecimal notation',
    `${HEAD}transfer-encoding: chunked\r\n\r\n0xd\r\n${BODY}\r\n0\r\n\r\n`,
    400,
    'bad_request',
  ],
  ['a bare LF as line end', 'POST /v1/chat/completions HTTP/1.1\nhost: localhost\n\n', 400, 'bad_request'],
  ['a folded header', `${HEAD}x: a\r\n b\r\ncontent-length: 13\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['a space before the colon', `${HEAD}content-length : 13\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['a NUL in a value', `${HEAD}x: a\0b\r\ncontent-length: 13\r\n\r\n${BODY}`, 400, 'bad_request'],
  ['a head of 17 KB', `${HEAD}x: ${'y'.repeat(17_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ['101 headers', `${HEAD}${many}content-length: 13\r\n\r\n${BODY}`, 431, 'headers_too_large'],
  ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'bad_request'],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'bad_request'],
  ['an unknown version', 'GET / HTTP/4.2\r\nhost: localhost\r\n\r\n', 400, 'bad_request'],
  ['CONNECT', 'CONNECT 169.254.169.254:80 HTTP/1.1\r\nhost: localhost\r\n\r\n', 405, 'method_not_allowed'],
  [
    'an expectation that nobody knows',
    `${HEAD}expect: tea\r\ncontent-length: 13\r\n\r\n${BODY}`,
    417,
    'expectation_failed',
  ],
  [
    'a compressed body',
    `${HEAD}content-encoding: gzip\r\ncontent-length: 13\r\n\r\n${BODY}`,
    415,
    'media_type_unsupported',
  ],
  [
    'a form',
    `${HEAD}content-type: application/x-www-form-urlencoded\r\ncontent-length: 13\r\n\r\n${BODY}`,
    415,
    'media_type_unsupported',
  ],
  ['plain text', `${HEAD}content-type: text/plain\r\ncontent-length: 13\r\n\r\n${BODY}`, 415, 'media_type_unsupported'],
  ['a malformed type', `${HEAD}content-type: ;;\r\ncontent-length: 13\r\n\r\n${BODY}`, 415, 'media_type_unsupported'],
  [
    'a path that does not decode',
    `GET /v1/models/%zz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
    400,
    'bad_request',
  ],
  ['a body after the limit', post(`{"model":"m","x":"${'x'.repeat(1000)}"}`), 413, 'body_too_large'],
  [
    'chunks beyond the limit',
    `${HEAD}transfer-encoding: chunked\r\n\r\n7d0\r\n${'x'.repeat(2000)}\r\n0\r\n\r\n`,
    413,
    'body_too_large',
  ],
]

describe('requests that are refused before anything is woken', () => {
  test.each(rows)('%s', async (_, bytes, status, code) => {
    const client = await exchangeBytes(house.port, Buffer.from(bytes, 'latin1'))
    const [head = '', body = ''] = client.received.split('\r\n\r\n')
    expect(head.split(' ')[1]).toBe(String(status))
    expect(head.toLowerCase()).toContain('connection: close')
    const text = expect.stringMatching(/./) as string
    expect(JSON.parse(body)).toEqual({
      error: { message: text, type: text, param: null, code, next: text, facts: expect.any(Object) as object },
    })
    expect(house.admission.asked).toEqual([])
  })
})

test('what comes after a refused request on its connection is never acted upon', async () => {
  const smuggled = 'POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 13\r\n\r\n{"model":"m"}'
  const client = await exchangeBytes(
    house.port,
    `${HEAD}content-length: 13\r\ncontent-length: 13\r\n\r\n${BODY}${smuggled}`,
  )
  expect(client.received.match(/^HTTP\/1.1 /gm)).toHaveLength(1)
  expect(house.admission.asked).toEqual([])
})

test('`100 Continue` is said after the checks and not before', async () => {
  const refused = await exchangeBytes(
    house.port,
    `${LINE}host: rebind.example\r\nexpect: 100-continue\r\ncontent-length: 13\r\n\r\n`,
  )
  expect(refused.received).toMatch(/^HTTP\/1.1 421 /)
  const unknown = await exchangeBytes(
    house.port,
    `${HEAD}connection: close\r\nexpect: 100-continue\r\ncontent-length: 13\r\n\r\n{"model":"x"}`,
  )
  expect(unknown.received).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 404 /)
})
