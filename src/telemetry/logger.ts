import { pino } from 'pino'
import { escapeControl } from '../lib/escape-control.ts'
import { prettyLine } from '../lib/pretty-line.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Facts first, then a sentence. Prompts, answers, keys and whole headers are never among the facts. */
export interface Logger {
  debug(facts: object, sentence: string): void
  info(facts: object, sentence: string): void
  warn(facts: object, sentence: string): void
  error(facts: object, sentence: string): void
  isLevelEnabled(level: LogLevel): boolean
}

export interface LogDestination {
  write(line: string): unknown
  readonly isTTY?: boolean
}

export interface LoggerOptions {
  readonly level: LogLevel
  /** Default: standard error. A terminal gets lines for people, anything else JSON. */
  readonly destination?: LogDestination
}

/** The daemon's logger: one line per entry, with control characters escaped whoever sent them. */
export function createLogger({ level, destination = process.stderr }: LoggerOptions): Logger & { level: string } {
  const render =
    destination.isTTY === true
      ? (line: string) => prettyLine(line)
      : (line: string) => `${escapeControl(line.trimEnd())}\n`
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
    },
    { write: (line: string) => void destination.write(render(line)) },
  )
}
