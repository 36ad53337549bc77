import type { Instant, InstanceId, Manifest, Millis, ModelName, Need, RequestId } from '../core/index.ts'
import type { Fit } from '../gpu/index.ts'
import type { Journal } from '../journal/index.ts'
import type { ManifestResult, Reload, Setting } from '../manifest/index.ts'
import type { Logs } from '../telemetry/index.ts'
import type { SourceLook } from '../weights/index.ts'

/** What the operators' front reads of the journal. */
export type History = Pick<Journal, 'query' | 'follow'>

/** The daemon's own log as operators read it, and its level. */
export type DaemonLog = Pick<Logs, 'recent' | 'follow' | 'level'>

/** A line that an engine wrote, as it wrote it. */
export interface EngineLine {
  readonly instance: InstanceId
  /** Null where nobody was there to look at the clock: it was read from a file. */
  readonly at: Instant | null
  readonly line: string
}

export interface LogQuery {
  /** At most so many of the last lines. */
  readonly lines: number
  /** Only lines that are known to be from then on. */
  readonly since: Instant | undefined
}

/** The output of engines, whether the instance still lives or not. */
export interface EngineLogs {
  /** The last lines of the model's instances, oldest first; empty when it never had one. */
  tail(model: ModelName, query: LogQuery): Promise<readonly EngineLine[]>
  /** Each line from now on, over restarts of the model; the returned function ends it. */
  follow(model: ModelName, onLine: (line: EngineLine) => void): () => void
}

/** An inference request that waits or is being answered. */
export interface LiveRequest {
  readonly id: RequestId
  /** The client's own id where it sent one, else `id`. */
  readonly clientId: string
  readonly model: ModelName
  readonly route: string
  readonly stream: boolean
  /** Null while it waits for one. */
  readonly instance: InstanceId | null
  readonly age: Millis
  /** From its arrival to the first byte of the answer; null before there is one. */
  readonly firstByteAfter: Millis | null
}

/** The clients' front as operators may use it. */
export interface LiveRequests {
  all(): readonly LiveRequest[]
  /** Ends the request with this id, or all that came with it as their client's own; shows what they were. */
  cancel(id: string): readonly LiveRequest[]
}

/** A kind of engine, and whether its program is on this host. */
export interface EngineFacts {
  readonly name: string
  /** `of_manifest`: its program is what the manifest says. */
  readonly state: 'found' | 'missing' | 'of_manifest'
  readonly path: string | null
}

/** The daemon's manifest as operators may see and change it. */
export interface Configuration {
  /** The manifest in force. */
  current(): Manifest
  /** Everything that holds, and where it comes from. */
  settings(): readonly Setting[]
  /** How a text would be read in the place of the daemon's file. */
  read(text: string): Promise<ManifestResult>
  /** Reads headers of weights that are here; fetches, starts and changes nothing. */
  foresee(manifest: Manifest): Promise<readonly Foresight[]>
  /** Reads the file again and puts it in force, when nothing is wrong with it. */
  reload(): Promise<Reload>
}

/** What can be said of a model before anybody asks for it. */
export interface Foresight {
  readonly model: ModelName
  readonly sources: readonly SourceLook[]
  /** Null while the weights are not here to tell it. */
  readonly need: Need | null
  /** Null where the need is not known. */
  readonly fit: Fit | null
}
