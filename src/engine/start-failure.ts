import { EnginehouseError, type ErrorCode, type FailureClass } from '../core/index.ts'

/** What the host lacks only for a while; any other refusal to spawn would meet the same launch again. */
const TRANSIENT_SPAWN_ERRORS: ReadonlySet<unknown> = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE'])

/** Errors of ours that say nothing about the launch itself. */
const TRANSIENT_CODES: ReadonlySet<ErrorCode> = new Set(['no_free_port', 'internal'])

/** Why there is no process: something that a second try may not meet, or the launch itself. */
export function startFailure(error: unknown): FailureClass {
  if (!(error instanceof EnginehouseError)) return 'spawn_failed'
  if (error.code === 'engine_spawn_failed')
    return TRANSIENT_SPAWN_ERRORS.has(systemCodeOf(error.cause)) ? 'spawn_failed' : 'bad_config'
  return TRANSIENT_CODES.has(error.code) ? 'spawn_failed' : 'bad_config'
}

function systemCodeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined
}
