import type { DeviceId, InstanceId, ModelName } from './ids.ts'
import type { Bytes, Instant } from './units.ts'

/** What the driver (or the kernel, for `host`) says of a device. Unknown is null, never zero. */
export interface DeviceFacts {
  readonly id: DeviceId
  readonly kind: 'gpu' | 'host'
  /** Position in PCI bus order for a GPU; 0 for the host. */
  readonly index: number
  readonly name: string
  readonly total: Bytes
  /** Never claimed by us: `memory.reserve` on a GPU, what `memory.host` leaves out on the host. */
  readonly reserve: Bytes
  /** Bytes that a new process could take now, as measured. */
  readonly measuredFree: Bytes | null
  readonly measuredAt: Instant
}

export type ClaimOrigin = 'declared' | 'learned' | 'formula'

/** The bytes that an instance may take on a device, with where the figure comes from. */
export interface Claim {
  readonly device: DeviceId
  readonly bytes: Bytes
  readonly origin: ClaimOrigin
}

/** What one launch of a model needs, before it is known which GPUs it gets. */
export interface Need {
  /** Bytes on each GPU of the placement; `all` takes the device less its reserve. Null where the model uses no GPU. */
  readonly perGpu: Bytes | 'all' | null
  readonly host: Bytes
  readonly origin: ClaimOrigin
}

/** One order to start an engine: what the scheduler decided, nothing about how the engine is run. */
export interface Launch {
  readonly instance: InstanceId
  readonly model: ModelName
  readonly claims: readonly Claim[]
}
