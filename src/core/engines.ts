import type { EngineName, ModelSpec } from './manifest.ts'

/** What an engine's folder says of its kind, as data: the rest of the house goes by this and never by a name. */
export interface EngineDescription {
  /** What `engine` in the manifest says. */
  readonly name: EngineName
  /**
   * `found`: on this host, or at `engines.NAME.path`. `found_or_image`: the same, or `engines.NAME.image` in a container.
   * `of_manifest`: each model's `command` is its own.
   */
  readonly program: 'found' | 'found_or_image' | 'of_manifest'
  /** One GGUF file, a directory of safetensors; or whatever its program makes of them, weights not needed at all. */
  readonly reads: 'gguf' | 'directory' | 'any'
  /** Where the manifest says nothing; `concurrency` null is as many as `parallel`. */
  readonly defaults: { readonly parallel: number; readonly concurrency: number | null }
  /** What clients of single-host model servers call it; its name where it is left out. */
  readonly backend?: string
  /** Long and short flags that the manifest's `args` may not set, each with the reason (ends a sentence, no full stop). */
  readonly reservedFlags: ReadonlyMap<string, string>
  /** Flags that `args` may set, but not to everything that the engine takes; none where it is left out. */
  readonly limitedFlags?: ReadonlyMap<string, FlagLimit>
  /** It can keep a part of a model on the host while it has the rest on GPUs, as `offload` says. */
  readonly offload?: true
  /** What no launch of this model could be, beside flags that the program lacks; left out where nothing is. */
  validate?(model: ModelSpec): readonly ModelFault[]
}

/** What the value of a flag must be like, where memory is claimed for what it says. */
export interface FlagLimit {
  readonly matches: RegExp
  /** Ends the sentence "args.FLAG must be …". */
  readonly expected: string
}

/** Two things that a model says and that its engine does not do together. */
export interface ModelFault {
  /** Of `args`, where it is said; null for something else. */
  readonly name: string | null
  /** A whole sentence. */
  readonly why: string
  readonly next: string
}

/** What a launch says to its program and the program does not know. */
export interface UnknownFlags {
  /** Of the manifest: as written there, as the program reads it, and the nearest that it knows. */
  readonly args: readonly UnknownFlag[]
  /** Of the engine's adapter. */
  readonly own: readonly string[]
}

export interface UnknownFlag {
  readonly name: string
  readonly flag: string
  readonly nearest: readonly string[]
}
