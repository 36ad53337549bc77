import { pino } from 'pino'
import { escapeControl } from './escape.ts'
import { prettyLine } from './pretty.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Facts first, then a sentence. Prompts, answers, keys and whole headers are never among the facts. */
export interface Logger {
  debug(facts: object, sentence: string): void
  info(facts: object, sentence: string): void
  warn(facts: object, sentence: string): void
  error(facts: object, sentence: string): void
  /** A logger whose lines all carry these facts. */
  child(facts: object): Logger
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
export function createLogger({ level, destination = process.stderr }: LoggerOptions): Logger {
  // JSON escapes C0 by itself; DEL, C1 and the line separators would pass through it untouched.
  const render = destination.isTTY === true ? prettyLine : (line: string) => `${escapeControl(line.trimEnd())}\n`
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
