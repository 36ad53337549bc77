import type {
  Address,
  Bytes,
  Capability,
  ConnectionReuse,
  CountedPart,
  EngineDescription,
  FailureClass,
  Millis,
  ModelSpec,
  Need,
  PlainAnswers,
  ProcessExit,
  StopPlan,
  Tokens,
  WeightsFacts,
} from '../core/index.ts'
import type { Installed, InstallOrder } from './install.ts'

/**
 * What an engine's folder tells the rest of the house. `plan`, `parseLine` and `classifyExit` are pure: the same
 * request gives the same argv, which is what the golden files hold. Only `locate`, `admit`, `install` and `plan` throw,
 * and only an EnginehouseError.
 */
export interface EngineAdapter extends EngineDescription {
  /** `socket`: this model's engine can be made to listen on a unix socket. */
  listens(model: ModelSpec): 'socket' | 'port'
  /** Loopback ports that a launch needs besides its address; none where it is left out. */
  readonly extraPorts?: number
  /** What the engine answers for this model; anything else is refused before it is woken. */
  capabilities(model: ModelSpec): ReadonlySet<Capability>
  /**
   * The engine's program. Throws engine_not_installed. Null for an engine whose argv is the manifest's own.
   */
  locate(places: EnginePlaces): Promise<string | null>
  /**
   * Asked with what `locate` found, before memory is claimed: throws what stands against a launch of this model by this
   * program. Left out by the engines themselves; the house adds what it knows of programs.
   */
  admit?(model: ModelSpec, program: string): Promise<void>
  /** `engines install`; left out where this version cannot. */
  install?(order: InstallOrder): Promise<Installed>
  /** How a person gets its program, in whole sentences; left out where PATH and `engines.NAME.path` say it all. */
  readonly byHand?: string
  /**
   * What a launch takes, from what the weights say of themselves; asked when the manifest declares nothing. Null, or
   * left out: only the size of the weights is known.
   */
  estimate?(model: ModelSpec, weights: WeightsFacts, places: EstimatePlaces): Promise<Need | null>
  plan(request: PlanRequest): EnginePlan
  /** How its program is asked for the flags that it knows; left out for one that is not asked. */
  readonly probe?: ProgramProbe
  /** Its load is the reading of its weights, and little beside: what it has read tells how far it is, as its lines do not. */
  readonly loadsByReading?: true
  /** How what it came to is held against what it was asked for; left out for one that does not tell. */
  readonly compare?: Comparison
  /** What a line of output says; null for one that says nothing to us. */
  parseLine(line: string): EngineEvent | null
  /** Why an exit that we did not ask for happened. Every such exit is a crash, whatever its code. */
  classifyExit(exit: ProcessExit, tail: readonly string[]): ExitClass
}

export interface EstimatePlaces {
  /** Where relative paths of the manifest start. */
  readonly manifestDirectory: string
}

export interface Comparison {
  /** Asked once, with our key, when it is proved and before it counts as ready. */
  readonly path: string
  /**
   * What is less than was asked for, in the manifest's words; follows `it `, without a full stop. Null where nothing is,
   * and for what cannot be read. Pure; `tail` are the last lines of its output.
   */
  shortfall(request: PlanRequest, answer: string, tail: readonly string[]): string | null
}

/** Which flags a program knows is in its own help; all of this is pure. */
export interface ProgramProbe {
  /** Behind the program's name: it prints every flag, and ends. */
  readonly help: readonly string[]
  /** The flags of that text in every spelling; none: the text was not understood. */
  readFlags(text: string): ReadonlySet<string>
  /** Every flag that `plan` may set by itself. */
  readonly sets: readonly string[]
  /** `beginning`: its parser also takes the beginning of a long flag, keys behind a dot, and a value behind a letter. */
  readonly spelling: 'whole' | 'beginning'
}

/** What a program says of itself. */
export interface ProgramFacts {
  /** Null: it says none. */
  readonly version: string | null
  /** Null: it was not asked, or its help was not understood. */
  readonly flags: ReadonlySet<string> | null
  /** Why it does not run; null when it does. */
  readonly problem: string | null
}

/** Where engine binaries may be. */
export interface EnginePlaces {
  /** `engines.NAME.path` of the manifest; null when it is `auto`. */
  readonly configured: string | null
  /** `engines.NAME.image` of the manifest: run by a container engine in place of a program. */
  readonly image: string | null
  /** Directories of PATH. */
  readonly path: readonly string[]
  /** `engines/` in the state directory: what `engines install` made. */
  readonly installed: string
}

/** A GPU's share of a launch. */
export interface GpuShare {
  readonly claim: Bytes
  /** As the driver counts it. */
  readonly total: Bytes
}

export interface PlanRequest {
  readonly model: ModelSpec
  readonly binary: string | null
  /** `engines.NAME.image`: then `binary` is the program that runs containers. */
  readonly image: string | null
  readonly weights: WeightsFacts | null
  /** The instance's own 0700 directory. */
  readonly directory: string
  /** Where an engine may keep what it compiles, for its next launches; it makes the directory itself. */
  readonly cacheDirectory: string
  /** Where relative paths of the manifest start. */
  readonly manifestDirectory: string
  readonly address: Address
  /** As many as `extraPorts` asks for. */
  readonly ports: readonly number[]
  readonly key: string
  /** UUIDs of the placement's GPUs, in order; empty on the host. */
  readonly gpuUuids: readonly string[]
  readonly gpuIndices: readonly number[]
  /** What the launch was given of each of them. */
  readonly gpuShares: readonly GpuShare[]
  /** What it was given of the host. */
  readonly hostClaim: Bytes
}

/** All that is needed to run one instance. */
export interface EnginePlan {
  readonly argv: readonly string[]
  /** The engine's own variables; the allowlisted ones of the daemon and the manifest's `env` are laid around them. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly unlink: readonly string[]
  /** What the engine calls the model. */
  readonly servedName: string
  readonly readiness: Readiness
  readonly start: StartDeadline
  /** How it is asked whether it lives once it is ready; null: its exit alone tells. */
  readonly liveness: Liveness | null
  readonly stop: StopPlan
  readonly reuse: ConnectionReuse
  readonly plainAnswers: PlainAnswers
}

export interface Readiness {
  readonly path: string
  readonly status: number
  /** Of one probe. */
  readonly timeout: Millis
  /**
   * A route that refuses a wrong key: asked with a wrong one it must answer 401 or 403, with ours anything else.
   * Null where an engine has none: then the owner of the listening socket is the only proof.
   */
  readonly guarded: string | null
  /**
   * A route whose answer holds a text that is of this launch alone. For an engine in a container: its processes may be
   * another user's, and then nobody can see who of them holds the listening socket.
   */
  readonly says?: { readonly path: string; readonly text: string }
}

export interface Liveness {
  readonly path: string
  readonly status: number
  readonly every: Millis
  /** Of one probe. */
  readonly timeout: Millis
  /** In a row, before the engine counts as dead. */
  readonly failures: number
  /** It answers while it works. Otherwise it is asked only while nobody holds or awaits the instance. */
  readonly besideWork: boolean
}

/** A start is given up when nothing moves for `stall`, or when `cap` is over. */
export interface StartDeadline {
  readonly stall: Millis
  readonly cap: Millis
}

export type EngineEvent =
  /** 0 to 1 of the load. */
  | { readonly kind: 'progress'; readonly fraction: number }
  | { readonly kind: 'phase'; readonly name: string }
  /** Bytes on one device, as the engine counts them itself. */
  | { readonly kind: 'memory'; readonly part: CountedPart; readonly bytes: Bytes }
  /** Tokens that its key-value cache holds, all requests together. */
  | { readonly kind: 'capacity'; readonly tokens: Tokens }

export interface ExitClass {
  readonly class: FailureClass
  /** One line for people: the engine's own words where it said any. */
  readonly message: string
}
