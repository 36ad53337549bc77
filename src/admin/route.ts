import type { FastifyReply, FastifyRequest } from 'fastify'

import type { EngineDescription, Instant, Operations } from '../core/index.ts'
import type { Totals } from '../telemetry/index.ts'
import type { Configuration, DaemonLog, EngineFacts, EngineLogs, History, LiveRequests } from './ports.ts'

/** What the native routes are made of. */
export interface AdminOptions {
  readonly operations: Operations
  readonly journal: History
  readonly logs: EngineLogs
  readonly daemonLog: DaemonLog
  readonly requests: LiveRequests
  readonly kinds: readonly EngineDescription[]
  /** Looked for anew each time: somebody may have installed one meanwhile. */
  readonly engines: () => Promise<readonly EngineFacts[]>
  /** What was counted since the daemon started. */
  readonly totals: () => Promise<Totals>
  readonly version: string
  readonly startedAt: Instant
  /** Where clients reach the daemon, as an URL or `unix:/path`; null until it listens. */
  readonly listen: () => string | null
  /** The manifest's file; null for one made in memory. */
  readonly manifest: string | null
  /** Null for a manifest made in memory. */
  readonly configuration: Configuration | null
  /** Whether a request came by the admin socket, whose directory is the login. */
  readonly isLocal: (request: FastifyRequest) => boolean
  readonly stateDirectory: string
  readonly now: () => Instant
}

/** One route: its method, its path (of native ones, what stands below /api/v1) and what it does. */
export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** In bytes, for a body that is more than a few names. */
  readonly bodyLimit?: number
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => unknown
}
