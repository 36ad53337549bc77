import type { Bytes, EngineDescription, EngineName, Millis, ModelSpec, UnknownFlags } from '../core/index.ts'
import { variantShape } from './model-schema.ts'
import { dotted } from './path.ts'
import type { Path } from './path.ts'
import type { Report, Span } from './problems.ts'
import type { ModelKey, Settings } from './settings.ts'

/** What the manifest room is told of the rest of the house. */
export interface Knowledge {
  /** Every engine that a model may name, in the order in which people are shown them. */
  readonly engines: readonly EngineDescription[]
  /** Programs that are here and have said what they know. */
  readonly programs?: KnownPrograms
  /** Is there a reader of GPU facts, and a GPU? */
  readonly gpus: boolean
  /** What this host has, for warnings; null or not given where nobody knows. */
  readonly hostMemory?: Bytes | null
  /** How long the launch of this key took to load when it was last measured; null when it never was. */
  readonly learnedLoad?: (launchKey: string) => Millis | null
}

export type KnownPrograms = ReadonlyMap<EngineName, KnownProgram>

export interface KnownProgram {
  readonly path: string
  /** Null: it says none. */
  readonly version: string | null
  /** What a launch of this model would say to it that it does not know. */
  readonly unknownIn: (model: ModelSpec) => UnknownFlags
}

/** One way to run a model while it is read. */
export interface ModelContext {
  /** Of the model. */
  readonly model: Path
  /** Of the way: the model's own, or that of a variant. */
  readonly path: Path
  /** Of the model's name, or of the variant: where what is missing is reported. */
  readonly span: Span
  /** Of every way to run it. */
  readonly engines: ReadonlySet<EngineName>
  readonly settings: Settings
  readonly knowledge: Knowledge
  readonly report: Report
}

/** Reports a key that nobody wrote. */
export function requireKey(key: ModelKey, why: string, context: ModelContext): void {
  const { model, path, span, settings, report } = context
  if (settings.placed(key) || settings.misspelt(key)) return
  const at = Object.hasOwn(variantShape, key) ? path : model
  report('manifest_missing_key', { key, at: dotted(at), why }, span, [...at, key])
}

/** Reports a value that cannot stand with another one; a variant's trouble with one of the model at the variant. */
export function conflict(key: ModelKey, why: string, next: string, context: ModelContext): void {
  const { model, path, span, settings, report } = context
  const placed = settings.placed(key)
  if (!placed) return
  if (path !== model && !settings.owns(key)) report('manifest_conflict', { why, next }, span, [...path, key])
  else report('manifest_conflict', { why, next }, placed.entry.node.span, placed.path)
}

/** The key by which the value that holds is known to the reader. */
export function keyOf(key: ModelKey, { path, settings }: ModelContext): string {
  return dotted(settings.placed(key)?.path ?? [...path, key])
}
