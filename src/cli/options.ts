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
