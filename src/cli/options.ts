import { InvalidArgumentError } from 'commander'

import type { Millis } from '../core/index.ts'
import { parseDuration } from '../core/index.ts'

/** Readers of option values; what they throw is shown with the option's name. */
export function durationOption(text: string): Millis {
  const duration = parseDuration(text)
  if (duration === undefined || duration <= 0) throw new InvalidArgumentError('It is a duration such as 90s or 2h.')
  return duration
}

/** The daemon reads the text again; a mistake is found before it is asked. */
export function durationText(text: string): string {
  durationOption(text)
  return text
}

export function countOption(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It is a whole number.')
  return Number(text)
}

/**
 * A moment as the daemon reads it: how long ago stays as it is written; a clock's or a calendar's time is one of the
 * zone of the person who types it, which the daemon does not know.
 */
export function momentText(text: string): string {
  if (parseDuration(text) !== undefined) return text
  const clock = /^(\d\d?):(\d\d)(?::(\d\d))?$/.exec(text)
  const at = clock ? lastTime(clock) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) throw new InvalidArgumentError('It is 10m (ago), 14:03, or 2026-01-31T14:03:00Z.')
  return new Date(at).toISOString()
}

/** A clock's time that is still to come today was yesterday's. */
function lastTime([, hours, minutes, seconds]: readonly (string | undefined)[]): number {
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds ?? 0) > 59) return Number.NaN
  const time = new Date()
  const now = time.getTime()
  time.setHours(Number(hours), Number(minutes), Number(seconds ?? 0), 0)
  if (time.getTime() > now) time.setDate(time.getDate() - 1)
  return time.getTime()
}
