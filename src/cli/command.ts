import type { Command } from 'commander'

import type { Job } from './job.ts'

/** What a command does; the number is its exit code, nothing is 0. */
export type Handler<A extends unknown[]> = (job: Job, ...args: A) => Promise<number | void>

/** Ties a handler to the parser: makes the job, keeps the exit code. */
export type Act = <A extends unknown[]>(handler: Handler<A>) => (...args: A) => Promise<void>

/** Adds one command (and its subcommands) to the program. */
export type Register = (program: Command, act: Act) => void
