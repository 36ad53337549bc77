import { describe, expect, it } from 'vitest'

import { ERRORS } from '../../../src/core/index.ts'
import { FAILED_BECAUSE, LEFT_BECAUSE } from '../../../src/journal/phrases.ts'
import { ENGINES, HEALTH, LOAD, MEMORY, MODEL, SERVER, START, TIMEOUTS, TOP } from '../../../src/manifest/sections.ts'
import { page, PAGES, rows, section, spans, WRITTEN } from './pages.ts'
import { ROOMS } from './rooms.ts'

const CODES = Object.keys(ERRORS)
const KEYS = [TOP, SERVER, MEMORY, HEALTH, LOAD, START, TIMEOUTS, MODEL].flatMap(({ shape, later }) => [
  ...Object.keys(shape),
  ...later,
])
/** Why an engine failed, and why a model left memory. */
const REASONS = [...Object.keys(FAILED_BECAUSE), ...Object.keys(LEFT_BECAUSE)]
/** Words of request bodies, of the macros of `command`, and an example. */
const OTHERS = [
  'context_length',
  'max_length',
  'top_p',
  'generated_text',
  'generate_stream',
  'keep_alive',
  'model_path',
  'gpu_uuids',
  'gpu_indices',
  'api_key',
  'instance_dir',
  'your_code',
]

describe.each(WRITTEN.map((each) => [each.path, each] as const))('%s', (_path, each) => {
  it('writes no code, key or reason that the program does not know', () => {
    const words = spans(each).flatMap((span) => span.match(/(?<![\w.$/-])[a-z]+(?:_[a-z0-9]+)+(?![\w./-])/g) ?? [])
    const known = new Set<string>([...CODES, ...KEYS, ...ENGINES.later, ...REASONS, ...OTHERS])
    expect(words.filter((word) => !known.has(word) && !word.startsWith('enginehouse_'))).toEqual([])
  })
})

describe.each(PAGES.map((each) => [each.path, each] as const))('%s', (_path, each) => {
  it('names no directory of one machine and no address beyond this host', () => {
    expect(each.text.match(/(?<![\w.])\/(?:home|root|work|Users|mnt|tmp)\/\S*/g) ?? []).toEqual([])
    const hosts = [...each.text.matchAll(/https?:\/\/([^/\s:`")\]]+)/g)].map(([, host = '']) => host)
    // A name without a dot is of some network of the reader's own.
    const isElsewhere = (host: string) => host.includes('.') && host !== '127.0.0.1' && !host.endsWith('.example')
    expect(hosts.filter(isElsewhere)).toEqual([])
    expect(each.text).not.toMatch(/\b(?:registry|mirror|index)\.[a-z]+\.|\bnpmjs\b|\bpypi\.org\b|\bhuggingface\.co\b/i)
  })
})

describe('the table of rooms in CONTRIBUTING', () => {
  it('is the one that the architecture test holds', () => {
    const held = Object.entries(ROOMS).filter(([room]) => !['app', 'main', 'engines'].includes(room))
    const shown = rows(section(page('CONTRIBUTING.md'), 'Find your room')).flatMap(([first = '', , allowed = '']) => {
      const [, room] = /^`src\/(\w+)`$/.exec(first) ?? []
      if (room === undefined) return []
      return [[room, allowed === 'nothing of ours' ? [] : allowed.split(', ')] as const]
    })
    const plain = (table: readonly (readonly [string, readonly string[]])[]) =>
      Object.fromEntries(table.map(([room, allowed]) => [room, allowed.toSorted()]))
    expect(plain(shown)).toEqual(plain(held))
    expect(held.length).toBeGreaterThan(10)
  })
})
