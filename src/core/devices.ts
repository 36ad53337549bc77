import type { DeviceId, InstanceId, ModelName } from './ids.ts'
import type { ModelSpec } from './manifest.ts'
import { formatBytes, type Bytes, type Instant, type Tokens } from './units.ts'
import type { LaunchKey } from './variants.ts'

/** What the driver (or the kernel, for `host`) says of a device. Unknown is null, never zero. */
export interface DeviceFacts {
  readonly id: DeviceId
  /** `resource`: one that the manifest names and counts; its bytes are pieces. */
  readonly kind: 'gpu' | 'host' | 'resource'
  /** Position in PCI bus order for a GPU; 0 for others. */
  readonly index: number
  readonly name: string
  readonly total: Bytes
  /** Never claimed by us: `memory.reserve` on a GPU, what `memory.host` leaves out on the host. */
  readonly reserve: Bytes
  /** Bytes that a new process could take now, as measured. */
  readonly measuredFree: Bytes | null
  readonly measuredAt: Instant
}

/** The device that stands for a resource of `memory.resources`. */
export function resourceDevice(name: string): DeviceId {
  return `${RESOURCE}${name}`
}

/** An amount of a device for people: bytes, or pieces of a resource. */
export function formatAmount(device: DeviceId, amount: number): string {
  return isResource(device) ? String(amount) : formatBytes(amount)
}

export function isResource(device: DeviceId): boolean {
  return device.startsWith(RESOURCE)
}

const RESOURCE = 'resource:'

export type ClaimOrigin = 'declared' | 'learned' | 'formula'

/** What the bytes of a claim are for; together they are the claim. `context`: the driver's, and the program itself. */
export type MemoryParts = Readonly<Record<'weights' | 'kv' | 'compute' | 'context', Bytes>>

/** A part that an engine counts itself. */
export type CountedPart = 'weights' | 'kv' | 'compute' | 'graphs'

/** What an engine says of its memory while it starts: per device, the largest of several. */
export interface EngineFigures {
  readonly memory: Readonly<Partial<Record<CountedPart, Bytes>>>
  /** Tokens that its key-value cache holds, all requests together; null when it does not say. */
  readonly cacheTokens: Tokens | null
}

/** The bytes that an instance may take on a device, with where the figure comes from. */
export interface Claim {
  readonly device: DeviceId
  readonly bytes: Bytes
  readonly origin: ClaimOrigin
  /** Left out where the origin does not tell. */
  readonly parts?: MemoryParts
}

/** What one launch of a model needs, before it is known which GPUs it gets. */
export interface Need {
  /** Bytes on each GPU of the placement; `all` takes the device less its reserve. Null where the model uses no GPU. */
  readonly perGpu: Bytes | 'all' | null
  readonly host: Bytes
  readonly origin: ClaimOrigin
  /** What the bytes of each of these are for; left out where the origin does not tell. */
  readonly parts?: { readonly perGpu: MemoryParts | null; readonly host: MemoryParts | null }
}

export function sumOfParts({ weights, kv, compute, context }: MemoryParts): Bytes {
  return weights + kv + compute + context
}

/** A need by formula, from what its parts are. */
export function needOfParts(perGpu: MemoryParts | null, host: MemoryParts): Need {
  return {
    perGpu: perGpu && sumOfParts(perGpu),
    host: sumOfParts(host),
    origin: 'formula',
    parts: { perGpu, host },
  }
}

/** One order to start an engine: what the scheduler decided, nothing about how the engine is run. */
export interface Launch {
  readonly instance: InstanceId
  readonly model: ModelName
  /** The way in which the model is run: its own, or a variant. */
  readonly spec: ModelSpec
  readonly key: LaunchKey
  readonly claims: readonly Claim[]
}
