import type { EventAnswer, ExplanationAnswer } from '../answers.ts'
import { type Look, paint, plain } from './paint.ts'

/** The sentence, the records that it was made from, and what would have led elsewhere. */
export function renderExplanation(answer: ExplanationAnswer, look: Look): string {
  const changes = answer.would_change.map((each) => `  ${plain(each)}\n`).join('')
  return [
    `${paint(plain(answer.summary), 'heading', look)}\n`,
    answer.records.map((record) => `  ${renderEvent(record, look)}`).join(''),
    changes && `What would change it:\n${changes}`,
  ]
    .filter((part) => part !== '')
    .join('\n')
}

/** One line: when (local clock), which record, what happened. */
export function renderEvent(event: EventAnswer, look: Look): string {
  return `${paint(clock(event.at), 'quiet', look)}  ${paint(`#${event.seq}`, 'quiet', look)}  ${plain(event.text)}\n`
}

/** `2026-01-31 14:03:11` in the zone of the one who reads. */
function clock(at: string): string {
  const time = new Date(at)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}
