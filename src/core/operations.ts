import type { DeviceId, ModelName } from './ids.ts'
import type { ManifestDiff } from './manifest-diff.ts'
import type { Manifest } from './manifest.ts'
import type { Evidence, JournalRecord } from './records.ts'
import type { OperatorCommand, ReloadTrigger } from './scheduling.ts'
import type { Instant } from './units.ts'
import type { View } from './view.ts'

/** The operators' way to the supervisor: what the admin room knows of it. */
export interface Operations {
  readonly view: View
  /** `done` settles when the model is ready; it rejects with the EnginehouseError that a request would meet. */
  load(model: ModelName): Operation
  /** `done` settles when the model's memory is proven back. */
  unload(model: ModelName): Operation
  unloadAll(): Operation
  /** `keep: always` until it ends; null: until unpinned. Does not outlive the daemon. `done` as for load. */
  pin(model: ModelName, until: Instant | null): Operation
  unpin(model: ModelName): Operation
  /** `done` when the new instance is ready. */
  restart(model: ModelName): Operation
  /** Gives up what stuck instances hold of the device. */
  clearDevice(device: DeviceId): Operation
  /** Puts a manifest in force that was read and found right; `done` when what it takes down is gone. */
  reload(next: Manifest, diff: ManifestDiff, trigger: ReloadTrigger): Operation
  /** Journals that a manifest was refused; the one in force stays. */
  refuseReload(refused: Evidence['manifest_refused']): void
  /** What the scheduler would decide now; changes nothing. */
  preview(command: OperatorCommand): readonly JournalRecord[]
  /** What a reload would lead to, and then a load of each model that it adds or changes, each by itself. */
  previewReload(next: Manifest, diff: ManifestDiff): ReloadPreview
}

export interface ReloadPreview {
  readonly records: readonly JournalRecord[]
  readonly loads: ReadonlyMap<ModelName, readonly JournalRecord[]>
}

export interface Operation {
  /** The decision, taken before this returned. */
  readonly records: readonly JournalRecord[]
  readonly done: Promise<void>
}
