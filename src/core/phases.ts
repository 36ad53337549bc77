/**
 * The life of an instance.
 *
 *   starting  launch record on disk, process spawned or about to be, not proved ready
 *   ready     health and identity proved; leases are granted
 *   draining  no new leases; those that run may finish
 *   stopping  the stop ladder is at work on its processes
 *   releasing no process left; its memory is not measured back yet, so its claim still counts
 *   gone      memory proven back
 *   failed    crashed; its processes are swept and its memory is on the way back
 *   stuck     processes or memory did not come back; the missing bytes stay quarantined
 *
 * starting -> ready -> draining -> stopping -> releasing -> gone; any of the first four -> failed -> releasing.
 */
export type Phase = 'starting' | 'ready' | 'draining' | 'stopping' | 'releasing' | 'gone' | 'failed' | 'stuck'

/** Why a model left memory: the closed list of INTERFACE 3. */
export type LeaveReason =
  | 'ttl_expired'
  | 'evicted_for'
  | 'operator'
  | 'manifest_changed'
  | 'crashed'
  | 'out_of_memory'
  | 'health_failed'
  | 'shutdown'
  | 'upgrade'

/** Why an engine ended or never came up: how it is classed decides whether it is tried again. */
export type FailureClass =
  | 'port_in_use'
  | 'gpu_oom'
  /** Others hold the memory that it was to take: it may be there again later. */
  | 'gpu_busy'
  /** What its memory leaves beside the weights does not hold one request. */
  | 'kv_too_small'
  /** Another process gave memory back while it measured: nothing is wrong with the launch. */
  | 'profiling_race'
  | 'bad_config'
  | 'model_missing'
  | 'model_corrupt'
  | 'unsupported'
  | 'driver'
  | 'host_oom'
  | 'engine_dead'
  /** Ready once, and then no answer any more: to probes, or to requests. */
  | 'unhealthy'
  | 'stalled'
  | 'wrong_identity'
  /** It is ready, and less than it was asked to be. */
  | 'less_than_asked'
  | 'spawn_failed'
  | 'weights_failed'
  | 'exited'

/** Classes that the same launch would meet again: one attempt, then `failed` until something changes. */
export const PERMANENT: ReadonlySet<FailureClass> = new Set([
  'kv_too_small',
  'bad_config',
  'model_missing',
  'model_corrupt',
  'unsupported',
  'less_than_asked',
])
