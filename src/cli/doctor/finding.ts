export type Verdict = 'pass' | 'warn' | 'fail'

/** One line of `doctor`. */
export interface Finding {
  /** What was looked at, in one or two words. */
  readonly check: string
  readonly verdict: Verdict
  /** What was found, without a full stop. */
  readonly found: string
  /** What to do; null where there is nothing to do. */
  readonly fix: string | null
}

export function pass(check: string, found: string): Finding {
  return { check, verdict: 'pass', found, fix: null }
}

export function warn(check: string, found: string, fix: string): Finding {
  return { check, verdict: 'warn', found, fix }
}

export function fail(check: string, found: string, fix: string): Finding {
  return { check, verdict: 'fail', found, fix }
}
