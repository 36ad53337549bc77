import { EnginehouseError, quote } from '../core/index.ts'
import { LOG_LEVELS, type LogLevel } from './world.ts'

/** ENGINEHOUSE_LOG_LEVEL, else `usual`; empty counts as not set. Throws usage for a level that there is not. */
export function logLevelOf(environment: NodeJS.ProcessEnv, usual: LogLevel): LogLevel {
  const given = environment['ENGINEHOUSE_LOG_LEVEL']
  if (!given) return usual
  const level = LOG_LEVELS.find((known) => known === given)
  if (level) return level
  const why = `ENGINEHOUSE_LOG_LEVEL must be ${LOG_LEVELS.join(', ')}, not ${quote(given)}.`
  throw new EnginehouseError('usage', { why })
}
