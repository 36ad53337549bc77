import { expect, test } from 'vitest'
import { describeListen, overridesFrom, readListen } from '../../../src/manifest/index.ts'

test.each([
  ['127.0.0.1:8080', { kind: 'tcp', host: '127.0.0.1', port: 8080 }],
  ['127.9.9.9:1', { kind: 'tcp', host: '127.9.9.9', port: 1 }],
  ['localhost:0', { kind: 'tcp', host: 'localhost', port: 0 }],
  ['[::1]:65535', { kind: 'tcp', host: '::1', port: 65_535 }],
  ['unix:/run/enginehouse.sock', { kind: 'unix', path: '/run/enginehouse.sock' }],
] as const)('listen %s', (text, address) => {
  expect(readListen(text, '--listen')).toEqual(address)
  expect(describeListen(address)).toBe(text)
})

test.each(['', '8080', '::1:8080', '[::1]', 'localhost:99999', 'unix:', 'unix:/', 'unix:x', 'a b:1', '[::1]:80x'])(
  '%j is no address',
  (text) => {
    expect(() => readListen(text, '--listen')).toThrow(/^--listen must be HOST:PORT/)
  },
)

test.each([
  '0.0.0.0:80',
  '[::]:80',
  '10.0.0.1:80',
  'localhost.example.com:80',
  '127.0.0.256:80',
  '[::ffff:10.0.0.1]:80',
])('%s is not loopback', (text) => {
  expect(() => readListen(text, 'ENGINEHOUSE_LISTEN')).toThrow(/other hosts can reach/)
})

test('the environment overrides what it names and nothing else', () => {
  expect(overridesFrom({})).toEqual({})
  expect(overridesFrom({ ENGINEHOUSE_LISTEN: '', ENGINEHOUSE_DEFAULT_TTL: '' })).toEqual({})
  expect(overridesFrom({ ENGINEHOUSE_LISTEN: 'unix:/x', ENGINEHOUSE_DEFAULT_TTL: '90' })).toEqual({
    listen: { kind: 'unix', path: '/x' },
    ttl: 90_000,
  })
  expect(overridesFrom({ ENGINEHOUSE_DEFAULT_TTL: 'never' })).toEqual({ ttl: null })
  expect(() => overridesFrom({ ENGINEHOUSE_DEFAULT_TTL: 'soon' })).toThrow('ENGINEHOUSE_DEFAULT_TTL must be a duration')
})
