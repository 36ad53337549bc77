import type { EventAnswer, ExplanationAnswer } from '../answers.ts'
import { type Look, type Meaning, paint, plain } from './paint.ts'
import { recordLines } from './plan.ts'
import { dateText, dayText, localTimes, timeText } from './time.ts'
import { hang, wrap } from './wrap.ts'

/** The sentence, the records that it was made from, and what would have led elsewhere. */
export function renderExplanation(answer: ExplanationAnswer, look: Look, now: number): string {
  const summary = wrap(localTimes(plain(answer.summary), now), 0, look)
  const changes = answer.would_change.map((each) => hang('  - ', 4, localTimes(plain(each), now), look))
  return [
    summary.map((line) => `${paint(line, 'heading', look)}\n`).join(''),
    answer.records.map(recordRenderer(look, now)).join(''),
    changes.length > 0 ? `${paint('What would change it', 'heading', look)}\n${changes.join('')}` : '',
  ]
    .filter((part) => part !== '')
    .join('\n')
}

/** The longest of the labels below, so that what is said stands in one column. */
const LABEL_WIDTH = 8

const LABELS: Readonly<Record<string, readonly [label: string, meaning: Meaning | null]>> = Object.freeze({
  daemon_started: ['daemon', 'heading'],
  daemon_stopped: ['daemon', 'heading'],
  operator: ['operator', 'heading'],
  started: ['started', 'busy'],
  ready: ['ready', 'good'],
  crashed: ['crashed', 'bad'],
  model_failed: ['failed', 'bad'],
  stuck: ['stuck', 'bad'],
  leftover: ['leftover', 'busy'],
})

/**
 * Renders records one after another: when (local clock), what kind of thing, what happened; a plan with its arithmetic
 * under it. A day that is not today stands above its records.
 */
export function recordRenderer(look: Look, now: number): (event: EventAnswer) => string {
  let shown = dayText(now)
  return (event) => {
    const day = dayText(Date.parse(event.at))
    const heading = day === shown ? '' : `${paint(day, 'quiet', look)}\n`
    shown = day
    return heading + renderRecord(event, look, now)
  }
}

function renderRecord(event: EventAnswer, look: Look, now: number): string {
  const [label, meaning] = labelOf(event.kind)
  const time = timeText(Date.parse(event.at))
  const kind = label.padEnd(LABEL_WIDTH)
  const [head, ...details] = recordLines(event)
  const margin = time.length + kind.length + 4
  const first = `${paint(time, 'quiet', look)}  ${paint(kind, meaning, look)}  `
  return [
    hang(first, margin, localTimes(head, now), look),
    ...details.map((line) => hang(' '.repeat(margin + 2), margin + 4, localTimes(line, now), look, 'quiet')),
  ].join('')
}

/** The same on one line with its day, for what is searched line by line. */
export function recordLine(event: EventAnswer): string {
  const [label] = labelOf(event.kind)
  return `${dateText(Date.parse(event.at))}  ${label.padEnd(LABEL_WIDTH)}  ${plain(event.text)}\n`
}

function labelOf(kind: string): readonly [label: string, meaning: Meaning | null] {
  return LABELS[kind] ?? [plain(kind).replaceAll('_', ' '), 'quiet']
}
