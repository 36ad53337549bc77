/**
 * What the commands read of the daemon's answers: less than what it sends, so that a daemon that says more is
 * understood too. Bytes are integers, times ISO 8601.
 */

export interface ModelAnswer {
  readonly id: string
  readonly engine: string
  readonly phase: string
  readonly status: { readonly value: string }
  readonly aliases: readonly string[]
  readonly root: string
  readonly context_length: number | null
  readonly ttl_ms: number | null
  readonly keep: string
  readonly pinned: { readonly until: string | null } | null
  readonly fetched_bytes: number | null
  readonly capabilities: readonly string[]
  readonly claim: Readonly<Record<string, ClaimAnswer>>
  readonly instance: {
    readonly id: string
    readonly pid: number | null
    readonly argv: readonly string[]
    readonly started_at: string
    readonly ready_at: string | null
    readonly progress: number | null
    readonly step: string | null
    readonly figures: {
      readonly memory: Readonly<Partial<Record<string, number>>>
      readonly cache_tokens: number | null
    } | null
  } | null
  readonly leases: number
  readonly waiting: number
  readonly unload_at: string | null
  readonly load_seconds: { readonly last: number | null; readonly learned: number | null }
  readonly last_reason: string | null
  readonly failure: {
    readonly class: string
    readonly message: string
    readonly retry_at: string | null
    readonly log_tail: readonly string[]
  } | null
}

/** Of one model that was asked for by its name. */
export interface WholeModelAnswer extends ModelAnswer {
  readonly settings: SettingsAnswer
  readonly variant: number | null
}

export interface SettingsAnswer {
  readonly source: readonly string[]
  readonly gpus: unknown
  readonly parallel: number
  readonly concurrency: number
  readonly memory: { readonly device: number | 'all'; readonly host: number } | null
  readonly offload: OffloadAnswer
  readonly priority: string
  readonly min_residency_ms: number | null
  readonly args: readonly (readonly [flag: string, value: true | string | readonly string[]])[]
  readonly command: readonly string[]
  readonly env: readonly string[]
  readonly resources: Readonly<Record<string, number>>
  readonly unlisted: boolean
  readonly fallback: string | null
  readonly variants: readonly {
    readonly engine: string
    readonly context: number | null
    readonly gpus: unknown
    readonly offload: OffloadAnswer
  }[]
}

export interface OffloadAnswer {
  readonly layers: number | 'all'
  readonly experts: number | 'cpu' | 'gpu'
}

export interface ClearedAnswer {
  readonly cleared: readonly { readonly model: string; readonly bytes: number }[]
  readonly device: DeviceAnswer
}

export interface ClaimAnswer {
  readonly bytes: number
  readonly origin: string
  readonly parts: Readonly<Record<string, number>> | null
}

export interface DeviceAnswer {
  readonly id: string
  readonly kind: string
  readonly index: number
  readonly name: string
  readonly total: number
  readonly reserve: number
  readonly measured_used: number | null
  readonly foreign: number | null
  readonly claims: readonly { readonly model: string; readonly bytes: number; readonly phase: string }[]
  readonly quarantined: number
  readonly free: number
}

export interface StatusAnswer {
  readonly version: string
  readonly pid: number
  readonly uptime_seconds: number
  readonly listen: string | null
  readonly manifest: string | null
  readonly stage: 'recovering' | 'serving' | 'stopping'
  readonly models: {
    readonly total: number
    readonly loaded: number
    readonly loading: number
    readonly failed: number
  }
  readonly waiting: number
}

export interface DecisionAnswer {
  readonly action: string
  readonly device: string | null
  readonly evict: readonly { readonly model: string; readonly bytes: number; readonly why: string }[]
  readonly evidence: unknown
}

export interface DecidedAnswer {
  readonly decision: DecisionAnswer
  readonly model: ModelAnswer
}

export interface UnloadAllAnswer {
  readonly unloaded: readonly string[]
  readonly skipped: readonly { readonly model: string; readonly why: string }[]
}

export interface EventAnswer {
  readonly seq: number
  readonly at: string
  readonly kind: string
  readonly model?: string
  readonly evidence?: unknown
  /** The same in words, one line. */
  readonly text: string
}

/** A line that an engine wrote; one that tells what was left out is of no instance. */
export interface EngineLineAnswer {
  readonly model?: string
  readonly instance?: string
  readonly at?: string | null
  readonly line: string
}

export interface ExplanationAnswer {
  readonly subject: { readonly model: string } | { readonly request: string }
  readonly at: string | null
  readonly summary: string
  readonly records: readonly EventAnswer[]
  readonly would_change: readonly string[]
}

/** A mistake, or a warning, at its place in a manifest. */
export interface ProblemAnswer {
  readonly code: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly length: number
  readonly path: string
  readonly facts: Readonly<Record<string, unknown>>
}

export interface KeyChangeAnswer {
  readonly key: string
  /** As they may be shown; null where nothing is said, and where what is said may not be. */
  readonly before: unknown
  readonly after: unknown
}

export interface ModelPlanAnswer {
  readonly model: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly relaunch: boolean
  readonly keys: readonly KeyChangeAnswer[]
  readonly weights: 'present' | 'absent' | 'failed' | null
  readonly weights_problem: string | null
  readonly need: { readonly per_gpu: number | 'all' | null; readonly host: number; readonly origin: string } | null
  readonly fits: boolean | null
  readonly lacks: { readonly device: string; readonly needed: number; readonly largest: number } | null
}

export interface ManifestPlanAnswer {
  readonly manifest: string | null
  readonly models: readonly ModelPlanAnswer[]
  readonly settings: readonly (KeyChangeAnswer & { readonly restart: boolean })[]
  readonly leaving: readonly string[]
  readonly warnings: readonly ProblemAnswer[]
}

export interface ReloadAnswer {
  readonly changed: boolean
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly relaunched: readonly string[]
  readonly restart: readonly string[]
}
