/** A model's name in the manifest; aliases are resolved to it before anything else sees them. */
export type ModelName = string
/** Unique per launch, so it is the generation too: a result that carries an older id is late. */
export type InstanceId = string
/** One client request, or one operator's load, that waits or holds a lease. */
export type RequestId = string
/** `host`, or a GPU by its UUID. Says nothing about which machine the device is in. */
export type DeviceId = string
/** Position in the journal; rises by one per record over the life of the state directory. */
export type Sequence = number

export const HOST: DeviceId = 'host'
