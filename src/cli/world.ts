import type { ManifestReading } from '../app/configuration.ts'
import type { Foresight, HostSize } from '../app/foresee.ts'
import type { ProgramProbe } from '../app/probe-program.ts'
import type { Programs } from '../app/programs.ts'
import type { Bytes, Manifest, WeightsFacts } from '../core/index.ts'
import type { Knowledge, ManifestRead } from '../manifest/index.ts'
import type { ManifestPlanAnswer } from './answers.ts'

/** All that a command knows of the process that it runs in. */
export interface World {
  readonly environment: NodeJS.ProcessEnv
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly signals: Signals
  /** Engines and the daemon, which only the commands that need them load. */
  readonly house: () => Promise<House>
}

export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean; destroy(): unknown }
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

export type SignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface Signals {
  /** The returned function ends it. A signal that somebody listens for does not end the process by itself. */
  on(signal: SignalName, listener: () => void): () => void
}

/** What the commands need of the program beyond the daemon's admin socket: the exports of app/house.ts. */
export interface House {
  startApp(options: AppOptions): Promise<App>
  /** What the manifest's reader must know of the engines and of this host. */
  readonly knowledge: Knowledge
  readonly engines: readonly EngineEntry[]
  /** What the engines' programs of this host know. */
  programs(place: Pick<AppOptions, 'stateDirectory' | 'environment'>): Promise<Pick<Programs, 'look' | 'version'>>
  /** What this host has for engines. */
  hostSize(memory: Manifest['memory']): Promise<HostSize>
  /** What llama-server would claim of the host's memory for these weights, with every default. */
  claimOnHost(weights: WeightsFacts): Promise<Bytes>
  /** What can be said of each model before anybody asks for it; changes nothing. */
  foresee(manifest: Manifest, stateDirectory: string): Promise<readonly Foresight[]>
  /** What a manifest is beside none at all: for a host without a daemon. */
  planAlone(read: ManifestRead, stateDirectory: string): Promise<ManifestPlanAnswer>
}

export interface AppOptions {
  readonly manifest: Manifest
  /** How the manifest was read; null for one that has no file. */
  readonly reading: ManifestReading | null
  readonly stateDirectory: string
  readonly environment: NodeJS.ProcessEnv
  /** From which level on the daemon logs, on stderr. */
  readonly logLevel: LogLevel
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface App {
  /** Where clients reach it: an URL, or `unix:/path`. */
  readonly address: string
  readonly adminSocket: string
  /** Reads the manifest again; what comes of it is in the daemon's log. Null where it has no file. */
  reload(trigger: 'signal'): Promise<unknown> | null
  /** Drains, takes every engine down and resolves when nothing is left. */
  stop(): Promise<void>
  /** Shortens a stop that is under way: what still runs is ended now. */
  hurry(): void
}

/** An engine as the commands of `engines` see it. */
export interface EngineEntry {
  readonly name: string
  /** Its program; null for an engine whose program is the manifest's own. Throws engine_not_installed. */
  locate(places: EnginePlaces): Promise<string | null>
  /** How its program is asked for its flags; left out for one that is not asked. */
  readonly probe?: ProgramProbe | undefined
  /** Null where this version cannot install it. */
  readonly install: ((options: InstallOptions) => Promise<InstalledEngine>) | null
  /** How a person gets it, where this version cannot install it. */
  readonly byHand?: string
}

export interface EnginePlaces {
  readonly configured: string | null
  readonly image: string | null
  readonly path: readonly string[]
  readonly installed: string
}

export interface InstallOptions {
  /** `engines/` of the state directory. */
  readonly directory: string
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  readonly onProgress: (progress: InstallProgress) => void
}

/** `bytes` where the work is counted in bytes, with `total` where that is known; `fraction` (0 to 1) where it is not. */
export interface InstallProgress {
  readonly kind: string
  readonly bytes?: number
  readonly total?: number
  readonly fraction?: number
}

export interface InstalledEngine {
  readonly path: string
  readonly version: string
  /** It was there already and works. */
  readonly already: boolean
}
