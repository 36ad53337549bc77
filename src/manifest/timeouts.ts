import type { AnswerTimeouts } from '../core/index.ts'
import type { timeoutsShape } from './schema.ts'
import type { Values } from './sections.ts'

/** What is written over what holds without it, key by key; null is never. */
export function mergeTimeouts(weaker: AnswerTimeouts, written: Values<typeof timeoutsShape>): AnswerTimeouts {
  const { first_byte: firstByte, between_bytes: betweenBytes, total } = written
  return {
    firstByte: firstByte === undefined ? weaker.firstByte : firstByte,
    betweenBytes: betweenBytes === undefined ? weaker.betweenBytes : betweenBytes,
    total: total === undefined ? weaker.total : total,
  }
}
