import { EnginehouseError, quote } from '../core/index.ts'
import { LOG_LEVELS, type LogLevel } from './world.ts'

/**
 * That of the flag, else ENGINEHOUSE_LOG_LEVEL, else `usual`; empty counts as not set. Throws usage for a level that
 * there is not.
 */
export function logLevelOf(environment: NodeJS.ProcessEnv, usual: LogLevel, flag?: string): LogLevel {
  const [name, given] =
    flag === undefined ? ['ENGINEHOUSE_LOG_LEVEL', environment['ENGINEHOUSE_LOG_LEVEL']] : ['--log-level', flag]
  if (!given && flag === undefined) return usual
  const level = LOG_LEVELS.find((known) => known === given)
  if (level) return level
  const why = `${name} must be ${LOG_LEVELS.join(', ')}, not ${quote(given ?? '')}.`
  throw new EnginehouseError('usage', { why })
}
