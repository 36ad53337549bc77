/**
 * What the native routes answer. Fields grow, none is renamed. Bytes are integers, times ISO 8601 or `_ms`; null is
 * "not known" or "there is none", never zero.
 */

export interface ModelShape {
  readonly id: string
  readonly engine: string
  readonly phase: string
  readonly status: { readonly value: string }
  readonly aliases: readonly string[]
  readonly root: string
  readonly context_length: number | null
  readonly capabilities: readonly string[]
  readonly ttl_ms: number | null
  readonly keep: string
  readonly pinned: { readonly until: string | null } | null
  /** So far, of weights that are being fetched. */
  readonly fetched_bytes: number | null
  readonly devices: readonly string[]
  readonly claim: Readonly<Record<string, ClaimShape>>
  readonly instance: InstanceShape | null
  readonly leases: number
  readonly waiting: number
  readonly last_byte_at: string | null
  readonly unload_at: string | null
  readonly load_seconds: { readonly last: number | null; readonly learned: number | null }
  readonly last_reason: string | null
  readonly failure: FailureShape | null
}

/** One model with its settings. */
export interface WholeModelShape extends ModelShape {
  readonly settings: SettingsShape
  /** Which of its variants the instance is; null for the model's own way, and without an instance. */
  readonly variant: number | null
}

/** As in the manifest, with every default filled in; null where the program decides. */
export interface SettingsShape {
  readonly source: readonly string[]
  readonly gpus: 'none' | 'any' | { readonly count: number } | readonly (number | string)[]
  readonly context: number | null
  readonly parallel: number
  readonly concurrency: number
  readonly memory: { readonly device: number | 'all'; readonly host: number } | null
  /** What goes to the GPUs, where that says anything. */
  readonly offload: { readonly layers: number | 'all'; readonly experts: number | 'cpu' | 'gpu' }
  readonly priority: string
  readonly min_residency_ms: number | null
  readonly served_name: string | null
  readonly args: readonly (readonly [flag: string, value: true | string | readonly string[]])[]
  readonly command: readonly string[]
  /** Names alone. */
  readonly env: readonly string[]
  readonly resources: Readonly<Record<string, number>>
  readonly load: { readonly stall_ms: number; readonly timeout_ms: number | null }
  readonly start: { readonly attempts: number; readonly window_ms: number }
  readonly timeouts: {
    readonly first_byte_ms: number | null
    readonly between_bytes_ms: number | null
    readonly total_ms: number | null
  }
  readonly unlisted: boolean
  readonly fallback: string | null
  readonly variants: readonly {
    readonly engine: string
    readonly context: number | null
    readonly gpus: SettingsShape['gpus']
    readonly offload: SettingsShape['offload']
  }[]
}

export interface ClaimShape {
  readonly bytes: number
  readonly origin: string
  /** What the bytes are for; null where the origin does not tell. */
  readonly parts: Readonly<Record<'weights' | 'kv' | 'compute' | 'context', number>> | null
}

export interface InstanceShape {
  readonly id: string
  readonly pid: number | null
  readonly argv: readonly string[]
  readonly started_at: string
  readonly ready_at: string | null
  /** Of the load, 0 to 1. */
  readonly progress: number | null
  /** What the load is at, when the engine tells it. */
  readonly step: string | null
  /** What the engine says of its memory, per device, the fullest one; null when it says nothing. */
  readonly figures: {
    readonly memory: Readonly<Partial<Record<'weights' | 'kv' | 'compute' | 'graphs', number>>>
    readonly cache_tokens: number | null
  } | null
}

export interface FailureShape {
  readonly class: string
  readonly message: string
  readonly retry_at: string | null
  readonly log_tail: readonly string[]
}

export interface DeviceShape {
  readonly id: string
  readonly kind: string
  readonly index: number
  readonly name: string
  readonly total: number
  readonly reserve: number
  readonly measured_used: number | null
  readonly measured_at: string
  /** Used by what is not ours: measured use less our claims. */
  readonly foreign: number | null
  readonly claims: readonly {
    readonly model: string
    readonly instance: string
    readonly bytes: number
    readonly phase: string
  }[]
  readonly quarantined: number
  readonly free: number
}

export interface WaitingShape {
  readonly request: string
  readonly model: string
  readonly since: string
}

export interface RequestShape {
  readonly id: string
  /** What the client calls it, where it sent `x-request-id`. */
  readonly client_request: string
  readonly model: string
  readonly route: string
  readonly stream: boolean
  readonly state: 'waiting' | 'running'
  readonly instance: string | null
  readonly started_at: string
  readonly age_ms: number
  readonly first_byte_ms: number | null
}

export interface EngineShape {
  readonly name: string
  readonly state: 'found' | 'missing' | 'of_manifest'
  readonly path: string | null
}

export interface StatusShape {
  readonly version: string
  readonly pid: number
  readonly started_at: string
  readonly uptime_seconds: number
  readonly listen: string | null
  readonly manifest: string | null
  readonly state_directory: string
  readonly stage: 'recovering' | 'serving' | 'stopping'
  readonly models: {
    readonly total: number
    readonly loaded: number
    readonly loading: number
    readonly failed: number
  }
  readonly waiting: number
}

export interface DecisionShape {
  readonly action: DecisionAction
  /** Where the model goes, or is; null when nothing has been placed. */
  readonly device: string | null
  readonly evict: readonly { readonly model: string; readonly bytes: number; readonly why: string }[]
  /** Of the record that holds the decision; empty when there was nothing to decide. */
  readonly evidence: unknown
}

/**
 * start: it is loaded now (after the evictions listed). already: it is as asked. wait: something must end or arrive
 * first. refuse: it cannot be done. unload: it leaves memory. restart: it leaves memory, and is loaded again.
 */
export type DecisionAction = 'start' | 'already' | 'wait' | 'refuse' | 'unload' | 'restart'

export interface DecidedShape {
  readonly decision: DecisionShape
  readonly model: ModelShape
}

export interface ClearedShape {
  /** Whose bytes count as free again. */
  readonly cleared: readonly { readonly model: string; readonly instance: string; readonly bytes: number }[]
  readonly device: DeviceShape
}

export interface UnloadAllShape {
  readonly unloaded: readonly string[]
  readonly skipped: readonly { readonly model: string; readonly why: string }[]
}

/** As llama.cpp's router answers. */
export interface SuccessShape {
  readonly success: true
}

/** A model in memory, as single-host model servers tell it. */
export interface LoadedShape {
  readonly model: string
  /** `llamacpp`, or `command`. */
  readonly backend: string
  readonly device: string
  readonly loaded_at: string | null
  readonly last_used: string | null
  /** Seconds; null for one that is never unloaded for being idle. */
  readonly ttl: number | null
  readonly expires_at: string | null
  readonly memory_bytes: number
}

export interface StatsShape {
  /** Requests whose model was in memory. */
  readonly hits: number
  /** Requests that had to wait for a load, or got nothing. */
  readonly misses: number
  readonly loads: number
  /** Models that left memory, by the reason. */
  readonly evictions: Readonly<Record<string, number>>
  readonly loaded: number
  readonly memory: Readonly<Record<string, { readonly used: number; readonly total: number }>>
}

export interface HealthShape {
  readonly status: 'ok' | 'recovering' | 'stopping'
  readonly version: string
  readonly started_at: string
  readonly uptime_seconds: number
  readonly models: {
    readonly total: number
    readonly loaded: number
    readonly loading: number
    readonly failed: number
  }
  readonly devices: readonly { readonly id: string; readonly used: number; readonly total: number }[]
}

export interface VersionShape {
  readonly version: string
  readonly node: string
}

export interface EventShape {
  readonly seq: number
  readonly at: string
  readonly kind: string
  readonly model?: string
  readonly instance?: string
  readonly device?: string
  readonly cause: readonly number[]
  readonly evidence: unknown
  /** The same in words, one line. */
  readonly text: string
}

export interface ExplanationShape {
  readonly subject: { readonly model: string } | { readonly request: string }
  readonly at: string | null
  readonly summary: string
  readonly records: readonly EventShape[]
  readonly would_change: readonly string[]
}

/** A line that an engine wrote. */
export interface EngineLineShape {
  model: string
  instance: string
  /** Null for lines of before this daemon's start: files do not say when. */
  at: string | null
  line: string
}

export interface LogLevelShape {
  level: string
  was: string
}

/** A value that holds, with `value` in the manifest's notation or, where that has none, `words`. */
export interface SettingShape {
  /** `models.chat.args.jinja` */
  readonly key: string
  readonly path: readonly string[]
  /** Of variables their names, never their values; what looks like a secret is withheld. */
  readonly value?: unknown
  readonly words?: string
  /** `name` of a flag or a variable, `file` and `line` of the manifest. */
  readonly origin: {
    readonly from: 'flag' | 'environment' | 'manifest' | 'default'
    readonly name?: string
    readonly file?: string
    readonly line?: number
  }
}

export interface ConfigShape {
  readonly manifest: string | null
  readonly settings: readonly SettingShape[]
}

/** A mistake, or a warning, at its place in the text; `line` and `column` begin at 1. */
export interface ProblemShape {
  readonly code: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly length: number
  /** Dotted key path; empty for the text as a whole. */
  readonly path: string
  readonly message: string
  readonly next: string
  readonly nearest: readonly string[]
  readonly facts: Readonly<Record<string, unknown>>
}

export interface ValidityShape {
  readonly valid: boolean
  readonly models: readonly string[]
  readonly problems: readonly ProblemShape[]
  /** What is right, and probably not meant. */
  readonly warnings: readonly ProblemShape[]
}

/** What can be said of a model before anybody asks for it. */
export interface ForesightShape {
  /** `absent` weights are fetched when the model is first asked for; null for a model without any. */
  readonly weights: 'present' | 'absent' | 'failed' | null
  /** Of a source, though another may do. */
  readonly weights_problem: string | null
  /** Null while it is not known. */
  readonly need: { readonly per_gpu: number | 'all' | null; readonly host: number; readonly origin: string } | null
  /** On this host, were it empty; null while it is not known. */
  readonly fits: boolean | null
  readonly lacks: { readonly device: string; readonly needed: number; readonly largest: number } | null
}

export interface KeyChangeShape {
  /** Of a model what stands below it: `context`, `args.jinja`. */
  readonly key: string
  /** Null where nothing is said, and where what is said may not be shown. */
  readonly before: unknown
  readonly after: unknown
}

export interface ModelPlanShape extends ForesightShape {
  readonly model: string
  readonly change: 'added' | 'removed' | 'changed'
  /** A running instance leaves, and the next load differs. */
  readonly relaunch: boolean
  readonly keys: readonly KeyChangeShape[]
}

export interface SettingPlanShape extends KeyChangeShape {
  /** Takes effect only when the daemon is started anew. */
  readonly restart: boolean
}

export interface ManifestPlanShape {
  readonly manifest: string | null
  readonly models: readonly ModelPlanShape[]
  readonly settings: readonly SettingPlanShape[]
  /** Models whose instances leave memory by it. */
  readonly leaving: readonly string[]
  /** What is right, and probably not meant. */
  readonly warnings: readonly ProblemShape[]
}

export interface ReloadShape {
  readonly changed: boolean
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Changed so that a running instance leaves. */
  readonly relaunched: readonly string[]
  /** Keys that take effect only when the daemon is started anew. */
  readonly restart: readonly string[]
}
