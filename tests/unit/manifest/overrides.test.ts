import { expect, test } from 'vitest'
import { describeListen, overrideNotices, overridesFrom, readListen } from '../../../src/manifest/index.ts'
import { ON_CPU, parseBad, parseGood } from './helpers.ts'

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
])('%s can be reached by others, and is taken only where everybody may come in', (text) => {
  const listen = readListen(text, '--listen')
  const origins = { listen: { from: 'flag', name: '--listen' } } as const
  const overrides = { listen, origins }
  const [problem] = parseBad('version: 1\nmodels: {}', ON_CPU, { overrides }).problems
  expect(problem?.facts['why']).toContain('which other hosts can reach')
  expect(parseGood('version: 1\nserver: { auth: none }\nmodels: {}', ON_CPU, { overrides }).server.listen).toBe(listen)
})

const environment = (name: string) => ({ from: 'environment', name }) as const
const flag = (name: string) => ({ from: 'flag', name }) as const

test.each([
  ['nothing', {}, {}, { origins: {} }],
  ['what is set to nothing', { ENGINEHOUSE_LISTEN: '', DEFAULT_TTL: '', HOST: '', PORT: '' }, {}, { origins: {} }],
  [
    'our variables',
    { ENGINEHOUSE_LISTEN: 'unix:/x', ENGINEHOUSE_DEFAULT_TTL: '90' },
    {},
    {
      listen: { kind: 'unix', path: '/x' },
      ttl: 90_000,
      origins: { listen: environment('ENGINEHOUSE_LISTEN'), ttl: environment('ENGINEHOUSE_DEFAULT_TTL') },
    },
  ],
  [
    'never',
    { ENGINEHOUSE_DEFAULT_TTL: 'never' },
    {},
    { ttl: null, origins: { ttl: environment('ENGINEHOUSE_DEFAULT_TTL') } },
  ],
  [
    'the short names',
    { HOST: '::1', PORT: '9000', DEFAULT_TTL: '300' },
    {},
    {
      host: '::1',
      port: 9000,
      ttl: 300_000,
      origins: { host: environment('HOST'), port: environment('PORT'), ttl: environment('DEFAULT_TTL') },
    },
  ],
  [
    'ours before the short names',
    {
      ENGINEHOUSE_LISTEN: 'localhost:1',
      HOST: '127.0.0.2',
      PORT: 'x',
      ENGINEHOUSE_DEFAULT_TTL: '1h',
      DEFAULT_TTL: '?',
    },
    {},
    {
      listen: { kind: 'tcp', host: 'localhost', port: 1 },
      ttl: 3_600_000,
      origins: { listen: environment('ENGINEHOUSE_LISTEN'), ttl: environment('ENGINEHOUSE_DEFAULT_TTL') },
    },
  ],
  [
    'flags before all of them',
    { ENGINEHOUSE_LISTEN: '?', PORT: '?', ENGINEHOUSE_DEFAULT_TTL: '?' },
    { listen: '127.0.0.1:2', defaultTtl: '5s' },
    {
      listen: { kind: 'tcp', host: '127.0.0.1', port: 2 },
      ttl: 5000,
      origins: { listen: flag('--listen'), ttl: flag('--default-ttl') },
    },
  ],
  ['no machine name', { HOST: 'build7', PORT: '81' }, {}, { port: 81, origins: { port: environment('PORT') } }],
] as const)('overrides from %s', (_name, env, flags, overrides) => {
  expect(overridesFrom(env, flags)).toEqual(overrides)
})

test.each([
  [{ ENGINEHOUSE_DEFAULT_TTL: 'soon' }, 'ENGINEHOUSE_DEFAULT_TTL must be a duration'],
  [{ DEFAULT_TTL: 'soon' }, 'DEFAULT_TTL must be a duration'],
  [{ PORT: '65536' }, 'PORT must be a port from 0 to 65535, not "65536".'],
  [{ PORT: 'tcp://127.0.0.1:80' }, 'PORT must be a port'],
])('%j is wrong', (env, words) => {
  expect(() => overridesFrom(env)).toThrow(words)
})

test.each([
  [{ HOST: '0.0.0.0' }, 'HOST is 0.0.0.0:8080, which other hosts can reach'],
  [{ ENGINEHOUSE_LISTEN: '0.0.0.0:1' }, 'ENGINEHOUSE_LISTEN is 0.0.0.0:1, which other hosts can reach'],
])('%j needs a manifest that lets everybody in', (env, words) => {
  const overrides = overridesFrom(env)
  const [problem] = parseBad('version: 1\nmodels: {}', ON_CPU, { overrides }).problems
  expect(problem?.facts['why']).toContain(words)
  const open = parseGood('version: 1\nserver: { auth: none }\nmodels: {}', ON_CPU, { overrides })
  expect(describeListen(open.server.listen)).toMatch(/^0\.0\.0\.0:/)
})

test('a flag may not be empty', () => {
  expect(() => overridesFrom({}, { listen: '' })).toThrow('--listen must be HOST:PORT')
  expect(() => overridesFrom({}, { defaultTtl: '' })).toThrow('--default-ttl must be a duration')
})

test.each([
  ['127.0.0.1:8080', { HOST: '::1' }, '[::1]:8080'],
  ['"[::1]:1"', { PORT: '9' }, '[::1]:9'],
  ['127.0.0.1:1', { HOST: 'localhost', PORT: '0' }, 'localhost:0'],
  ['unix:/run/x.sock', { HOST: 'localhost', PORT: '9' }, 'unix:/run/x.sock'],
  ['unix:/run/x.sock', { ENGINEHOUSE_LISTEN: '127.0.0.1:5' }, '127.0.0.1:5'],
])('%s with %j listens on %s', (written, env, address) => {
  const text = `version: 1\nserver: { listen: ${written} }\nmodels: {}`
  const { server } = parseGood(text, ON_CPU, { overrides: overridesFrom(env) })
  expect(describeListen(server.listen)).toBe(address)
})

test('says what is set and does not count', () => {
  expect(overrideNotices({})).toEqual([])
  expect(overrideNotices({ HOST: '127.0.0.1', PORT: '1' })).toEqual([])
  expect(overrideNotices({ HOST: 'build7' })).toEqual([
    'HOST is "build7", the name of a machine, and is not used; ENGINEHOUSE_LISTEN names an address.',
  ])
  expect(overrideNotices({ CLEANUP_INTERVAL: '60' })).toEqual([
    'CLEANUP_INTERVAL does nothing here: TTL is exact; nothing polls.',
  ])
})
