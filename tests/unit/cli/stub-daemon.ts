import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, ListenOptions } from 'node:net'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { EnginehouseError, type ErrorCode, type FactsOf, specOf } from '../../../src/core/index.ts'
import { errorBody } from '../../../src/gateway/refusal.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

export type Answer = (request: SeenRequest, response: ServerResponse) => void

export interface SeenRequest {
  /** `GET /api/v1/models`, the query left out. */
  readonly route: string
  readonly query: Readonly<Record<string, string>>
  readonly body: unknown
  /** Of its Authorization header. */
  readonly key: string | null
}

export interface StubDaemon {
  readonly environment: Readonly<Record<string, string>>
  readonly stateDirectory: string
  readonly adminSocket: string
  /** The same server over TCP. */
  readonly url: string
  readonly requests: readonly SeenRequest[]
}

/** A server on the admin socket of a state directory of its own, that answers recorded shapes. */
export async function stubDaemon(answers: Readonly<Record<string, Answer | object>>): Promise<StubDaemon> {
  const stateDirectory = temporaryDirectory()
  const adminSocket = join(stateDirectory, 'admin.sock')
  const requests: SeenRequest[] = []
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void readBody(request).then((body) => {
      const url = new URL(request.url ?? '', 'http://localhost')
      const route = `${request.method} ${url.pathname}`
      const key = request.headers.authorization?.replace(/^Bearer /, '') ?? null
      const seen = { route, query: Object.fromEntries(url.searchParams), body, key }
      requests.push(seen)
      const answer = answers[route] ?? json(404, refusal('route_not_found', `There is no route ${route}.`))
      if (typeof answer === 'function') (answer as Answer)(seen, response)
      else json(200, answer)(seen, response)
    })
  }
  await listen(createServer(listener), adminSocket)
  const { port } = (await listen(createServer(listener), { host: '127.0.0.1', port: 0 })) as AddressInfo
  const environment = { ENGINEHOUSE_STATE_DIR: stateDirectory }
  return { environment, stateDirectory, adminSocket, url: `http://127.0.0.1:${port}`, requests }
}

async function listen(server: Server, where: string | ListenOptions): Promise<ReturnType<Server['address']>> {
  await new Promise<void>((resolve) => server.listen(where, resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return server.address()
}

export function json(status: number, body: object): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
}

/** The daemon's error body. */
export function refusal(code: string, message: string): object {
  return { error: { message, type: 'invalid_request_error', param: null, code } }
}

/** What the daemon says of a code of the registry, with its status and body. */
export function refusalOf<C extends ErrorCode>(code: C, facts: FactsOf<C>): Answer {
  return json(specOf(code).status, JSON.parse(errorBody(new EnginehouseError(code, facts))) as object)
}

/** Server-sent events, the response then ended. */
export function eventStream(...data: readonly (object | string)[]): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(': still here\n\n')
    for (const each of data) response.write(`data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`)
    response.end()
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const piece of request) text += String(piece)
  return text === '' ? undefined : JSON.parse(text)
}
