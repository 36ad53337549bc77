import type { EngineName } from '../core/index.ts'
import { dotted } from './path.ts'
import type { Path } from './path.ts'
import type { Report, Span } from './problems.ts'
import type { ModelKey, Settings } from './settings.ts'

/** What the manifest room is told of the rest of the house. */
export interface Knowledge {
  /** Flags that an engine's adapter sets itself, with the reasons. */
  readonly reservedFlags: (engine: EngineName) => ReadonlyMap<string, string>
  /** Is there a reader of GPU facts, and a GPU? */
  readonly gpus: boolean
}

/** One model while it is read. */
export interface ModelContext {
  readonly path: Path
  /** Of the model's name: where what is missing is reported. */
  readonly span: Span
  readonly settings: Settings
  readonly knowledge: Knowledge
  readonly report: Report
}

/** Reports a key that nobody wrote. */
export function requireKey(key: ModelKey, why: string, { path, span, settings, report }: ModelContext): void {
  if (settings.placed(key)) return
  report('manifest_missing_key', { key, at: dotted(path), why }, span, [...path, key])
}

/** Reports a value that cannot stand with another one. */
export function conflict(key: ModelKey, why: string, next: string, { settings, report }: ModelContext): void {
  const placed = settings.placed(key)
  if (placed) report('manifest_conflict', { why, next }, placed.entry.node.span, placed.path)
}

/** The key by which the value that holds is known to the reader. */
export function keyOf(key: ModelKey, { path, settings }: ModelContext): string {
  return dotted(settings.placed(key)?.path ?? [...path, key])
}
