import { PERMANENT, type FailureClass, type Millis } from '../core/index.ts'

/**
 * A waiting load is not starved by a busy resident for longer than this: then the resident takes no new requests,
 * finishes those it has, and leaves.
 */
export const STALENESS_LIMIT: Millis = 15_000

/** Below this a busy instance's TTL waits for the end of its last lease instead of being looked at once per TTL. */
export const SHORT_TTL: Millis = 1000

/** An unload by an operator lets running answers finish for this long. */
export const UNLOAD_DRAIN: Millis = 30_000

/** Exact victim search up to this many idle residents (2^n sets); above it the cheapest are taken one by one. */
export const EXACT_EVICTION_LIMIT = 12

/** How far a new load moves what was learned of earlier ones. */
const LEARNING_RATE = 0.3

const BACKOFF_FIRST: Millis = 1000
const BACKOFF_MOST: Millis = 60_000
const BACKOFF_JITTER = 0.25
/**
 * Lost races, and how many times in a window they are tried again at once: the next port may be taken too; memory that
 * moved twice while an engine measured is not quiet, and gets time.
 */
export const TRIED_AT_ONCE: Partial<Readonly<Record<FailureClass, number>>> = Object.freeze({
  port_in_use: 3,
  profiling_race: 1,
})

/**
 * How long after its `attempt`th failure in the window a model is started again: doubling from 1 s to 60 s, give or
 * take a quarter so that several models do not come back in step.
 */
export function backoff(failure: FailureClass, attempt: number, random: number): Millis {
  if (attempt <= (TRIED_AT_ONCE[failure] ?? 0)) return 0
  const base = Math.min(BACKOFF_FIRST * 2 ** (attempt - 1), BACKOFF_MOST)
  return Math.round(base * (1 - BACKOFF_JITTER + 2 * BACKOFF_JITTER * random))
}

/** Whether trying again can help at all. */
export function isPermanent(failure: FailureClass): boolean {
  return PERMANENT.has(failure)
}

/** What a load is expected to take, after one more was seen. */
export function learn(before: Millis | undefined, seen: Millis): Millis {
  return before === undefined ? seen : Math.round(before + (seen - before) * LEARNING_RATE)
}
