import { CommanderError } from 'commander'

import type { Facts } from '../core/index.ts'
import { EnginehouseError, EXIT, isErrorCode, specOf } from '../core/index.ts'
import { forTerminal, type Look, paint } from './render/paint.ts'
import { hang } from './render/wrap.ts'

/** What went wrong, in the form in which a command shows it. */
export interface Problem {
  readonly code: string
  readonly message: string
  /** What to do; null where the message says it already. */
  readonly next: string | null
  readonly facts: Facts
  readonly exit: number
}

/** A refusal in the daemon's words. */
export class DaemonError extends Error {
  override readonly name = 'DaemonError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof DaemonError) return error.problem
  if (error instanceof CommanderError) return problemOf(new EnginehouseError('usage', { why: usageOf(error) }))
  if (error instanceof EnginehouseError) {
    const facts = error.facts as Facts
    return { code: error.code, message: error.message, next: error.next, facts, exit: specOf(error.code).exit }
  }
  return problemOf(
    new EnginehouseError('command_failed', { what: error instanceof Error ? error.message : String(error) }),
  )
}

/**
 * What stands in an error body (`{"error":{"code","message",…}}`) or in the error event of a stream, `next` and
 * `facts` where they are sent beside it. Null for anything else.
 */
export function refusalIn(body: unknown, status?: number): DaemonError | null {
  const error = member(body, 'error')
  const code = member(error, 'code')
  const message = member(error, 'message')
  if (typeof message !== 'string') return null
  const given = member(error, 'next')
  const next = typeof given === 'string' ? given : null
  const facts = member(error, 'facts')
  return new DaemonError({
    // An engine's own error, passed through, may have a number or nothing for a code.
    code: typeof code === 'string' ? code : 'engine_refused',
    message: next === null ? message : withoutEnd(message, next),
    next,
    facts: typeof facts === 'object' && facts !== null ? { ...facts } : {},
    exit: typeof code === 'string' ? exitOf(code, status) : EXIT.failed,
  })
}

/** Clients that know one member only find what to do at the end of the message; here it stands on a line of its own. */
function withoutEnd(message: string, next: string): string {
  return message.endsWith(` ${next}`) ? message.slice(0, -next.length - 1) : message
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value ? Reflect.get(value, key) : undefined
}

/** The exit code of a code that the daemon sent; of one that this version does not know the status says a little. */
function exitOf(code: string, status: number | undefined): number {
  if (isErrorCode(code)) return specOf(code).exit
  return status === 401 || status === 403 ? EXIT.notAllowed : EXIT.failed
}

/** The parser's words as a sentence: `error: unknown option '--jsn'\n(Did you mean --json?)`. */
function usageOf(error: CommanderError): string {
  const text = error.message.replace(/^error: /, '').replace(/\n\((.*)\)$/s, '. $1')
  const sentence = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.?!]$/.test(sentence) ? sentence : `${sentence}.`
}

/** For people: what happened and where, then what to do; what an engine said in it is shown, not obeyed. */
export function renderProblem(problem: Problem, look: Look): string {
  const what = hang(`${paint('error:', 'bad', look)} `, 'error: '.length, forTerminal(problem.message), look)
  return problem.next === null ? what : `${what}${hang('  ', 2, forTerminal(problem.next), look)}`
}

/** For programs: one line, on stdout, so that a reader of `--json` finds the outcome where it finds every other one. */
export function problemLine({ code, message, next, facts }: Problem): string {
  return `${JSON.stringify({ error: { code, message, next, facts } })}\n`
}
