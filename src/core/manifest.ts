import type { ModelName } from './ids.ts'
import type { Bytes, Millis, Tokens } from './units.ts'

/** The parsed manifest: frozen, every default filled in, every path absolute. Made only by the manifest room. */
export interface Manifest {
  /** Absolute path of the file, or null for one made in memory (`run FILE.gguf`). */
  readonly path: string | null
  /** Where relative paths and `exec` sources start. */
  readonly directory: string
  readonly server: ServerSpec
  readonly engines: Readonly<Record<EngineName, EngineSpec>>
  readonly memory: MemorySpec
  readonly models: ReadonlyMap<ModelName, ModelSpec>
}

export interface ServerSpec {
  readonly listen: ListenAddress
  /** `auto`: nobody is asked for a key, and only this host can reach it. `none`: whoever can reach it is let in. */
  readonly auth: 'auto' | 'none'
  /** Host headers that are accepted beside those that `auto` stands for, and `auto` itself. */
  readonly hosts: readonly string[]
  /** Origins that browsers may ask from on inference routes; `local` stands for every page of this host. */
  readonly cors: readonly string[]
  readonly maxBody: Bytes
  /** Waiting requests over all models; one more is refused. */
  readonly maxQueue: number
  /** A request waits no longer than this for a load to start; from then on the load's own deadline rules. */
  readonly queueTimeout: Millis
}

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** Of one of the engines that this house has; the manifest room lets no other in. */
export type EngineName = string

export interface EngineSpec {
  /** Absolute path of the engine's binary; null looks on PATH, then among the engines that we installed. */
  readonly path: string | null
  /** A container image that is run in place of a binary; only where the engine can be run so. */
  readonly image?: string | null
}

export interface MemorySpec {
  /** Left free on every GPU. */
  readonly reserve: Bytes
  /** What engines may claim of the host's RAM. */
  readonly host: { readonly share: number } | { readonly bytes: Bytes }
  /** How many there are of each named resource; claimed like bytes. */
  readonly resources: Readonly<Record<string, number>>
}

export type Priority = 'low' | 'normal' | 'high'

export interface ModelSpec {
  readonly name: ModelName
  readonly engine: EngineName
  /** Mirrors, tried in order; empty for a `command` without weights. */
  readonly source: readonly Source[]
  readonly gpus: GpuRequest
  /** Tokens of one request; null takes the model's own, at most 8k. */
  readonly context: Tokens | null
  /** Full-context requests that memory is kept for. */
  readonly parallel: number
  /** Requests that are let into the engine at once. */
  readonly concurrency: number
  /** Null: estimated. */
  readonly memory: DeclaredMemory | null
  /** Means something on GPUs, for an engine that can keep a part on the host. */
  readonly offload: OffloadSpec
  /** Null: never unloaded for being idle. */
  readonly ttl: Millis | null
  readonly keep: 'auto' | 'always' | 'preload'
  readonly priority: Priority
  readonly aliases: readonly string[]
  /** Engine flags in manifest order: `true` is a bare flag, a list repeats it. Values are text as written. */
  readonly args: readonly (readonly [flag: string, value: true | string | readonly string[]])[]
  readonly env: Readonly<Record<string, string>>
  /** `command` engine only: argv with macros, never a shell line. */
  readonly command: readonly string[]
  /** `command` engine only: where it is run; null is the manifest's directory. */
  readonly cwd: string | null
  readonly health: { readonly path: string; readonly status: number }
  /** `command` engine only, never empty: the others know what their engine answers. */
  readonly capabilities: readonly Capability[]
  /** What the engine calls the model, when it differs from `name`. */
  readonly servedName: string | null
  /** `command` engine only. */
  readonly stop: StopSpec
  /** Not evicted for this long after it became ready; null: as long as it takes to load it, as learned. */
  readonly minResidency: Millis | null
  /** How many it takes of each named resource. */
  readonly resources: Readonly<Record<string, number>>
  readonly load: LoadLimits
  readonly start: StartLimits
  readonly timeouts: AnswerTimeouts
  /** Left out of the lists that clients see; still answers to its names. */
  readonly unlisted: boolean
  /** Asked in its place when this model cannot be loaded; always disclosed. */
  readonly fallback: ModelName | null
  /**
   * Other ways to run it, tried in order when memory is short. Each is whole, with this model's name and with what the
   * model itself says of everything that a variant cannot change, and has no variants of its own.
   */
  readonly variants: readonly ModelSpec[]
}

/** What a route asks of an engine, in the order in which they are shown. */
export const CAPABILITIES = Object.freeze([
  'chat',
  'completions',
  'embeddings',
  'responses',
  'messages',
  'rerank',
  'score',
  'tokenize',
  'detokenize',
  'infill',
  'transcriptions',
  'translations',
  'speech',
  'images',
] as const)

export type Capability = (typeof CAPABILITIES)[number]

/** What a process may be asked to end with. KILL is none of them: it comes last, and only from the ladder. */
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP'

/** How an engine is asked to end. */
export interface StopSpec {
  readonly signal: StopSignal
  /** From the signal to KILL; the command has as long before the signal. */
  readonly grace: Millis
  /** argv with the macros of `command`, run before the signal. */
  readonly command: readonly string[] | null
}

export interface LoadLimits {
  /** A start in which nothing moves for this long (no log line, no bytes, no growth of memory) is given up. */
  readonly stall: Millis
  /** Of the whole load; null scales with the size of the weights. */
  readonly timeout: Millis | null
}

/** Failed starts and crashes within the window, before the model is given up until the window has passed. */
export interface StartLimits {
  readonly attempts: number
  readonly window: Millis
}

/** Of an engine's answer; null never ends it. */
export interface AnswerTimeouts {
  readonly firstByte: Millis | null
  readonly betweenBytes: Millis | null
  readonly total: Millis | null
}

export type Source =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'exec'; readonly argv: readonly string[]; readonly sha256: string }

/** `none` is the host alone; `any` one GPU; `count` that many; `list` exactly these, by index or UUID. */
export type GpuRequest =
  | { readonly kind: 'none' }
  | { readonly kind: 'any' }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'list'; readonly gpus: readonly (number | string)[] }

/** Bytes per GPU of the placement and on the host; `all` takes each GPU whole. */
export type DeclaredMemory = { readonly device: Bytes | 'all'; readonly host: Bytes }

/** What goes to the GPUs. */
export interface OffloadSpec {
  /** The last so many layers, the output counted as one behind them. */
  readonly layers: number | 'all'
  /** Experts of the layers on GPUs; a number: those of the first so many layers of the model stay on the host. */
  readonly experts: number | 'cpu' | 'gpu'
}
