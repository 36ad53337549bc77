import { describe, expect, it } from 'vitest'

import { renderDecision, renderReady, renderUnloadAll } from '../../../src/cli/render/decision.ts'
import { renderExplanation } from '../../../src/cli/render/explanation.ts'
import type { Look } from '../../../src/cli/render/paint.ts'
import { cut, forTerminal, plain } from '../../../src/cli/render/paint.ts'
import { table } from '../../../src/cli/render/table.ts'
import { NOW, ready } from './answers.ts'

const PIPED: Look = { color: false, width: null }

describe('a decision', () => {
  const evidence = {
    action: 'evict',
    chosen: 0,
    candidates: [
      {
        devices: [
          {
            device: 'host',
            needed: 6 * 1024 ** 3,
            total: 32 * 1024 ** 3,
            reserve: 1024 ** 3,
            claimed: 29 * 1024 ** 3,
            free: 2 * 1024 ** 3,
          },
        ],
        spared: [{ model: 'bge-m3', rule: 'minimum_residency' }],
      },
    ],
  }
  const decision = {
    action: 'start',
    device: 'host',
    evict: [{ model: 'qwen', bytes: 4 * 1024 ** 3, why: 'idle for 12s, priority normal' }],
    evidence,
  }

  it('shows who makes room, the arithmetic and who was spared', () => {
    expect(renderDecision({ decision, model: ready('smollm2') }, 'done', PIPED, NOW)).toBe(
      [
        'smollm2 loads on host',
        '  qwen makes room: 4GiB, idle for 12s, priority normal',
        '  host: needs 6GiB, 2GiB free of 32GiB (claimed 29GiB, reserve 1GiB)',
        '  bge-m3 stays: minimum residency',
        '',
      ].join('\n'),
    )
  })

  it.each([
    ['start', 'done', 'smollm2 loads on host\n'],
    ['start', 'would', 'smollm2 would load on host\n'],
    ['already', 'done', 'smollm2 is ready already\n'],
    ['wait', 'would', 'smollm2 would wait on host\n'],
    ['refuse', 'done', 'smollm2 cannot be loaded on host\n'],
    ['unload', 'done', 'smollm2 leaves memory\n'],
  ] as const)('%s, %s', (action, tense, text) => {
    const bare = { action, device: 'host', evict: [], evidence: { phase: 'ready' } }
    expect(renderDecision({ decision: bare, model: ready('smollm2') }, tense, PIPED, NOW)).toBe(text)
  })

  it('says what has to come first', () => {
    const waiting = { action: 'wait', device: null, evict: [], evidence: { waits_for: 'weights' } }
    expect(renderDecision({ decision: waiting, model: ready('m') }, 'would', PIPED, NOW)).toBe(
      'm would wait for its weights\n',
    )
  })

  it('says what a ready model took and holds', () => {
    expect(renderReady(ready('smollm2'))).toBe('smollm2 is ready in 1.3s: 4GiB on host (formula)\n')
  })

  it('lists what an unload of all left', () => {
    const answer = { unloaded: ['a', 'b'], skipped: [{ model: 'c', why: 'it is stuck' }] }
    expect(renderUnloadAll(answer, 'done')).toBe('unloaded a\nunloaded b\nleft c: it is stuck\n')
    expect(renderUnloadAll({ unloaded: [], skipped: [] }, 'would')).toBe('nothing was loaded\n')
  })
})

describe('an explanation', () => {
  it('has the sentence, its records and what would change it', () => {
    const at = '2026-01-31T14:00:00.000Z'
    const text = renderExplanation(
      {
        subject: { model: 'qwen' },
        at,
        summary: 'qwen was unloaded.',
        records: [{ seq: 7, at, kind: 'stopping', text: 'qwen leaves.' }],
        would_change: ['pin qwen'],
      },
      PIPED,
      NOW,
    )
    expect(text).toMatch(
      /^qwen was unloaded\.\n\n\d\d:00:00  stopping  qwen leaves\.\n\nWhat would change it\n  - pin qwen\n$/,
    )
  })
})

describe('text from elsewhere', () => {
  it('is cut to a width with a mark', () => {
    expect(cut('abcdef', 6)).toBe('abcdef')
    expect(cut('abcdef', 4)).toBe('abc…')
    expect(cut('abcdef', 0)).toBe('')
  })

  it('has no control characters', () => {
    expect(plain('a\u001b[2Jb\r\nc\u202ed')).toBe('ab c?d')
    expect(plain('\u001b[31mred\u001b[0m \u0007')).toBe('red ?')
    expect(forTerminal('a\tb\n\u001b]0;x\u0007\u0008')).toBe('a\tb\n?')
  })
})

describe('a table that does not fit', () => {
  const columns = [{ title: 'NAME', shrinksTo: 12 }, { title: 'KIND', optional: 1 }, { title: 'STATE' }] as const
  const rows = [[{ text: 'a-rather-long-name' }, { text: 'command' }, { text: 'ready' }]]
  const at = (width: number | null) => table(columns, rows, { color: false, width })

  it.each([
    [null, 'NAME                KIND     STATE\na-rather-long-name  command  ready\n'],
    [34, 'NAME                KIND     STATE\na-rather-long-name  command  ready\n'],
    [28, 'NAME          KIND     STATE\na-rather-lo…  command  ready\n'],
    [27, 'NAME                STATE\na-rather-long-name  ready\n'],
    [20, 'NAME           STATE\na-rather-lon…  ready\n'],
    [16, 'NAME       STATE\na-rather…  ready\n'],
    [5, 'NAME      STATE\na-rathe…  ready\n'],
  ])('in %s columns leaves out what is optional, then cuts names', (width, text) => {
    expect(at(width)).toBe(text)
  })

  it('keeps the end of what says most there', () => {
    const path = [[{ text: '/models/tiny.gguf' }]]
    const end = [{ title: 'SOURCE', shrinksTo: 4, keeps: 'end' }] as const
    expect(table(end, path, { color: false, width: 10 })).toBe('SOURCE\n…tiny.gguf\n')
  })
})
