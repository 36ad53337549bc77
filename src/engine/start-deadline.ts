import { MIB } from '../core/index.ts'
import type { Bytes, Millis, WeightsFacts } from '../core/index.ts'
import type { StartDeadline } from './contract.ts'

/** A start in which nothing moves for this long (no log line, no bytes, no growth of memory) is given up. */
const STALL: Millis = 120_000
/** What any engine may take: imports, compilation, warm-up. */
const CAP_BASE: Millis = 10 * 60_000
/** The slowest disk that weights are expected on, per second. */
const SLOWEST_READ: Bytes = 20 * MIB

/** Scales with the weights, so that a large model on a slow disk is not taken for a hung engine. */
export function startDeadline(weights: WeightsFacts | null): StartDeadline {
  const reading = Math.ceil((weights?.bytes ?? 0) / SLOWEST_READ) * 1000
  return { stall: STALL, cap: CAP_BASE + reading }
}
