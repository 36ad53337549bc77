import { write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Millis } from '../core/index.ts'
import { MIB } from '../core/index.ts'
import { prettyLine } from '../lib/pretty-line.ts'
import { createRing } from '../lib/ring.ts'
import { systemReason } from '../lib/system-reason.ts'
import type { AccessLog } from './access.ts'
import { accessLine } from './access.ts'
import type { LineTarget, LineWriter, WriterNews } from './line-writer.ts'
import { createLineWriter } from './line-writer.ts'
import type { Logger, LogLevel } from './logger.ts'
import { createLogger } from './logger.ts'
import type { LogLimits } from './rotated-file.ts'
import { rotatedFile } from './rotated-file.ts'

/** A line of the access log waits so long for others: one write per request costs more than all else of a request. */
const ACCESS_GATHER: Millis = 100

/** Of each of the two logs: 50 MiB together, weeks of a busy host's access log. */
export const LOG_LIMITS: LogLimits = Object.freeze({ bytes: 10 * MIB, files: 5 })

/** The daemon's last lines in memory, for who asks the daemon and not the disk. */
const RECENT = Object.freeze({ items: 1_000, weight: MIB / 2, weigh: (line: string) => line.length })

/** By syslog's numbers: the journal files a line under what stands before it. */
const PRIORITIES: Readonly<Record<string, string>> = Object.freeze({
  debug: '<7>',
  info: '<6>',
  warn: '<4>',
  error: '<3>',
})

export interface LogsOptions {
  readonly level: LogLevel
  /** Where `daemon.log` and `access.log` are kept; null keeps none. */
  readonly directory: string | null
  /** What standard error is: a terminal, systemd's journal, or anything else. */
  readonly stderr: 'terminal' | 'journal' | 'stream'
  readonly limits?: LogLimits
}

/** The daemon's own two logs. */
export interface Logs {
  readonly log: Logger
  readonly access: AccessLog
  /** From which level on lines are written; access lines are `info`. Can be set at any time. */
  level: LogLevel
  /** The last lines of the daemon's log, oldest first, as JSON. */
  recent(): readonly string[]
  /** Each line from now on; the returned function ends it. */
  follow(onLine: (line: string) => void): () => void
  /** Writes out what waits, for at most a few seconds. */
  close(): Promise<void>
}

/**
 * Opens them. Nothing here waits for a disk or a reader: lines go to memory and are written in the background, and
 * what cannot be written is said on the other ways, once, until it can be written again.
 */
export function openLogs({ level, directory, stderr, limits = LOG_LIMITS }: LogsOptions): Logs {
  bearStandardError()
  const ring = createRing<string>(RECENT)
  const followers = new Set<(line: string) => void>()
  const writers: LineWriter[] = []
  const open = (target: LineTarget, name: string, gather: Millis = 0): LineWriter => {
    const writer = createLineWriter(target, (news) => say(log, name, news), { gather })
    writers.push(writer)
    return writer
  }
  const file = (name: string, gather?: Millis): LineWriter | null =>
    directory === null ? null : open(rotatedFile(join(directory, name), limits), join(directory, name), gather)

  const daemonFile = file('daemon.log')
  const accessFile = file('access.log', ACCESS_GATHER)
  const screen = stderr === 'terminal' ? terminal() : open(standardError(), 'standard error')
  const toScreen = formOf(stderr)

  const log = createLogger({
    level,
    destination: {
      write(line) {
        ring.push(line)
        daemonFile?.write(line)
        screen.write(toScreen(line))
        for (const follower of followers) follower(line)
      },
    },
  })
  const accessTarget = accessFile ?? (stderr === 'journal' ? screen : null)

  return {
    log,
    access: {
      get wanted() {
        return accessTarget !== null && log.isLevelEnabled('info')
      },
      get probesWanted() {
        return accessTarget !== null && log.isLevelEnabled('debug')
      },
      write(entry) {
        const line = accessLine(entry, new Date())
        accessTarget?.write(accessTarget === screen ? `<6>${line}` : line)
      },
    },
    get level() {
      return log.level as LogLevel
    },
    set level(level) {
      const was = log.level
      const tell = (): void => log.info({ level_set: level, was }, `Lines are logged from ${level} on; it was ${was}.`)
      // By whichever of the two levels lets it be heard.
      const isHeard = log.isLevelEnabled('info')
      if (isHeard) tell()
      log.level = level
      if (!isHeard) tell()
    },
    recent: ring.items,
    follow(onLine) {
      followers.add(onLine)
      return () => void followers.delete(onLine)
    },
    async close() {
      await Promise.all(writers.map((writer) => writer.close()))
    },
  }
}

function formOf(stderr: LogsOptions['stderr']): (line: string) => string {
  if (stderr === 'terminal') return (line) => prettyLine(line)
  if (stderr === 'stream') return (line) => line
  return (line) => `${PRIORITIES[/^\{"level":"(\w+)"/.exec(line)?.[1] ?? 'info'] ?? ''}${line}`
}

function say(log: Logger, name: string, news: WriterNews): void {
  if (news.kind === 'failing') {
    const why = systemReason(news.error)
    log.error({ log: name, why }, `The log ${name} cannot be written: ${why}. It is tried again until it can be.`)
    return
  }
  const gap = news.lost === 0 ? 'No line was lost.' : `${news.lost} lines were left out, as no more could wait.`
  log.warn({ log: name, lost: news.lost }, `The log ${name} is written again. ${gap}`)
}

/** An error of standard error that nobody hears would end the daemon: when the disk behind it is full, for one. */
function bearStandardError(): void {
  process.stderr.off('error', ignore).on('error', ignore)
}

function ignore(): void {}

/** A terminal is read by somebody, and its lines stand between those of other writers in their order. */
function terminal(): { write(line: string): unknown } {
  return process.stderr
}

const writeTo = promisify(write)
const STANDARD_ERROR = 2

/** Past `process.stderr`, which holds all that a slow reader does not take, without a limit. */
function standardError(): LineTarget {
  return {
    append: async (bytes) => (await writeTo(STANDARD_ERROR, bytes)).bytesWritten,
    close: async () => undefined,
  }
}
