import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import { renderDecision, renderReady, renderUnloadAll } from '../../../src/cli/render/decision.ts'
import { renderEngines } from '../../../src/cli/render/engines.ts'
import { renderExplanation } from '../../../src/cli/render/explanation.ts'
import { renderLs } from '../../../src/cli/render/ls.ts'
import type { Look } from '../../../src/cli/render/paint.ts'
import { cut, forTerminal, plain } from '../../../src/cli/render/paint.ts'
import { isResident, renderPs } from '../../../src/cli/render/ps.ts'
import { renderStatus } from '../../../src/cli/render/status.ts'
import { DEVICES, MODELS, NOW, ready, STATUS } from './answers.ts'

const GOLDEN = fileURLToPath(new URL('../../golden/cli/', import.meta.url))
const SCREEN = { daemon: STATUS, devices: DEVICES, models: MODELS }
const RESIDENT = MODELS.filter(isResident)

const PLAIN_80: Look = { color: false, width: 80 }
const PLAIN_200: Look = { color: false, width: 200 }
const PIPED: Look = { color: false, width: null }
const COLOR_80: Look = { color: true, width: 80 }

/** Each golden file is a screen as a person sees it; escape characters are written as `\e`. */
const SCREENS: readonly (readonly [file: string, text: string])[] = [
  ['status-80.txt', renderStatus(SCREEN, PLAIN_80, NOW)],
  ['status-200.txt', renderStatus(SCREEN, PLAIN_200, NOW)],
  ['status-piped.txt', renderStatus(SCREEN, PIPED, NOW)],
  ['status-80-color.txt', renderStatus(SCREEN, COLOR_80, NOW)],
  ['ps-80.txt', renderPs(RESIDENT, DEVICES, PLAIN_80, NOW)],
  ['ps-200.txt', renderPs(RESIDENT, DEVICES, PLAIN_200, NOW)],
  ['ls-80.txt', renderLs(MODELS, PLAIN_80)],
  ['ls-200.txt', renderLs(MODELS, PLAIN_200)],
  [
    'engines-80.txt',
    renderEngines(
      [
        {
          name: 'llama-server',
          state: 'found',
          path: '/usr/bin/llama-server',
          version: '4719 (7b8443ac7)',
          installable: true,
        },
        { name: 'other-server', state: 'missing', path: null, version: null, installable: true },
        { name: 'command', state: 'of_manifest', path: null, version: null, installable: false },
      ],
      PLAIN_80,
    ),
  ],
]

describe('screens', () => {
  it.each(SCREENS)('%s', (file, text) => {
    expect(text.replaceAll('\u001b', '\\e')).toBe(readFileSync(GOLDEN + file, 'utf8'))
  })

  it.each(SCREENS.filter(([file]) => file.includes('-80.')))('%s is no wider than 80 columns', (_file, text) => {
    for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(80)
  })

  it('lets nothing that an engine or a driver said reach the terminal as a command', () => {
    expect(renderStatus(SCREEN, PLAIN_80, NOW)).not.toContain('\u001b')
  })
})

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
    expect(renderDecision({ decision, model: ready('smollm2') }, 'done', PIPED)).toBe(
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
    ['already', 'done', 'smollm2 is already as asked on host\n'],
    ['wait', 'would', 'smollm2 would wait on host\n'],
    ['refuse', 'done', 'smollm2 cannot be loaded on host\n'],
    ['unload', 'done', 'smollm2 leaves memory\n'],
  ] as const)('%s, %s', (action, tense, text) => {
    const bare = { action, device: 'host', evict: [], evidence: { phase: 'ready' } }
    expect(renderDecision({ decision: bare, model: ready('smollm2') }, tense, PIPED)).toBe(text)
  })

  it('says what has to come first', () => {
    const waiting = { action: 'wait', device: null, evict: [], evidence: { waits_for: 'weights' } }
    expect(renderDecision({ decision: waiting, model: ready('m') }, 'would', PIPED)).toBe(
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
    )
    expect(text).toMatch(
      /^qwen was unloaded\.\n\n  2026-01-3\d \d\d:00:00  #7  qwen leaves\.\n\nWhat would change it:\n  pin qwen\n$/,
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
    expect(plain('a\u001b[2Jb\r\nc\u202ed')).toBe('a?[2Jb c?d')
    expect(forTerminal('a\tb\n\u001b]0;x\u0007')).toBe('a\tb\n?]0;x?')
  })
})
