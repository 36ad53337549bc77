import { GIB, MIB } from '../core/index.ts'
import type { Bytes, Millis } from '../core/index.ts'

/**
 * What a manifest may be. The size bounds the time that reading takes (a MiB of models takes some seconds, a usual
 * manifest milliseconds), the others bound what a small text can grow to.
 */
export const MANIFEST_SIZE_MAX: Bytes = MIB
/** Mappings and lists inside each other. The deepest key of a manifest stands at 5. */
export const DEPTH_MAX = 64
/** Nodes that aliases and merges may add to what is written. */
export const ALIASED_NODES_MAX = 20_000

/** The `.env` beside a manifest. */
export const ENV_FILE_SIZE_MAX: Bytes = MIB / 16
/** Characters of all values that variables stand in, as they are after that: aliases may repeat each of them. */
export const VARYING_TEXT_MAX = MIB
/** Unset variables, and fallbacks that are no model, for which like names are looked for: each is compared with all. */
export const HINTED_NAMES_MAX = 100

export const NAME_LENGTH_MAX = 128
/** A unix socket's path, less the byte that ends it: what the kernel takes. */
export const SOCKET_PATH_MAX = 107
export const PORT_MAX = 65_535
export const QUEUE_MAX = 1_000_000
export const BODY_MAX: Bytes = 2 * GIB
export const PARALLEL_MAX = 1024
export const CONCURRENCY_MAX = 65_536
export const GPU_INDEX_MAX = 255
/** No model has so many, and people write 99 or 999 for all of them. */
export const OFFLOAD_LAYERS_MAX = 999
/** An engine counts tokens in 32 bits. */
export const CONTEXT_MAX = 2 ** 31 - 1
/** Over a year somebody has mistaken the unit; `never` says what they mean. */
export const DURATION_MAX: Millis = 366 * 86_400_000
/** Each is compared with the header of every request. */
export const HOSTS_MAX = 256
/** Kinds of resources; each is a row of the ledger. */
export const RESOURCES_MAX = 64
export const RESOURCE_NAME_LENGTH_MAX = 64
export const RESOURCE_COUNT_MAX = 1_000_000
/** With less, KILL would be all but first, and that has wedged GPUs. */
export const STOP_GRACE_MIN: Millis = 1000
/** A stop that takes longer holds memory that others wait for, and the end of the daemon. */
export const STOP_GRACE_MAX: Millis = 600_000
/** A model that has failed so often in its window fails again. */
export const ATTEMPTS_MAX = 1000
/** Each is one more placement to try whenever memory is short. */
export const VARIANTS_MAX = 16
