import type { Facts } from './spec.ts'
import { formatBytes } from '../units.ts'

export type Nearest = { nearest: readonly string[] }

export interface MemoryFacts extends Facts {
  readonly model: string
  readonly device: string
  readonly needed: number
  /** What the device could give if every model that may be unloaded were. */
  readonly largest: number
}

export function memorySentence(f: MemoryFacts): string {
  return `The model ${quote(f.model)} needs ${formatBytes(f.needed)} on ${f.device}, which can give at most ${formatBytes(f.largest)}.`
}

/** At most 64 characters of what somebody sent, control characters escaped. */
export function quote(text: string): string {
  const cut = text.length > 64 ? `${text.slice(0, 63)}…` : text
  return JSON.stringify(cut)
}

/** What an engine or the system said, closed like a sentence. */
export function ended(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`
}

export function list(items: readonly string[]): string {
  const shown = items.slice(0, 8).join(', ')
  return items.length > 8 ? `${shown} and ${items.length - 8} more` : shown
}

export function didYouMean(nearest: readonly string[]): string {
  if (nearest.length === 0) return ''
  return `Did you mean ${nearest.map((name) => quote(name)).join(' or ')}?`
}
