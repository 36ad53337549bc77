import type { JournalRecord } from '../core/index.ts'
import { describe } from '../journal/index.ts'
import type { EventShape } from './shapes.ts'
import { iso, toWire } from './wire.ts'

export function showEvent(record: JournalRecord): EventShape {
  const { seq, at, kind, model, instance, device, cause, evidence } = record
  return {
    seq,
    at: iso(at),
    kind,
    ...(model === undefined ? {} : { model }),
    ...(instance === undefined ? {} : { instance }),
    ...(device === undefined ? {} : { device }),
    cause,
    evidence: toWire(evidence),
    text: describe(record),
  }
}
