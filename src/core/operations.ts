import type { ModelName } from './ids.ts'
import type { JournalRecord } from './records.ts'
import type { OperatorCommand } from './scheduling.ts'
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
  /** What the scheduler would decide now; changes nothing. */
  preview(command: OperatorCommand): readonly JournalRecord[]
}

export interface Operation {
  /** The decision, taken before this returned. */
  readonly records: readonly JournalRecord[]
  readonly done: Promise<void>
}
