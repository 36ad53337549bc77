import { afterEach } from 'vitest'
import { startHouse } from './house.ts'
import type { House, HouseOptions } from './house.ts'
import { startRawEngine } from './raw-engine.ts'
import type { RawEngine, RawEngineOptions } from './raw-engine.ts'

const started: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const each of started.splice(0).toReversed()) await each.close()
})

/** Closed after the test. */
function closing<T extends { close(): Promise<void> }>(made: T): T {
  started.push(made)
  return made
}

/** An engine and a gateway in front of it, closed after the test. */
export async function setScene(
  engine: RawEngineOptions,
  house: HouseOptions = {},
): Promise<{ engine: RawEngine; house: House }> {
  const raw = closing(await startRawEngine(engine))
  return { engine: raw, house: closing(await startHouse({ ...house, address: raw.address })) }
}

export function ask(
  house: House,
  body: unknown = { model: 'm', messages: [] },
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${house.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

interface ErrorBody {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string
  }
}

export async function errorOf(response: Response): Promise<ErrorBody['error']> {
  return ((await response.json()) as ErrorBody).error
}
