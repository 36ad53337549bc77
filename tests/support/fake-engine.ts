import { fileURLToPath } from 'node:url'

import { textOf, untilChange } from './gates.ts'

/** The program; its knobs are told at its top. */
const FAKE_ENGINE = fileURLToPath(new URL('../fixtures/fake-engine.mjs', import.meta.url))

/** argv of a fake engine that runs on the Node of the tests. */
export function fakeEngineArgv(...knobs: readonly string[]): readonly string[] {
  return [process.execPath, FAKE_ENGINE, ...knobs]
}

/** One line of the file that `--record` names. */
export interface FakeEngineEvent {
  readonly event: 'started' | 'child' | 'ready' | 'request' | 'finished' | 'cancelled' | 'term' | 'told' | 'exit'
  readonly pid: number
  /** Milliseconds since 1970. */
  readonly at: number
  /** Of `started`: when the process began. */
  readonly born?: number
  readonly argv?: readonly string[]
  readonly cwd?: string
  /** Of `started`: what it was started with, and where each leads to. */
  readonly descriptors?: Readonly<Record<string, string>>
  /** Of `child`: how it was started, and its pid. */
  readonly kind?: 'setsid' | 'double-fork' | 'holder' | 'left'
  readonly child?: number
  /** Of `request`, `finished` and `cancelled`: counts the requests from 1. */
  readonly id?: number
  readonly path?: string
  readonly model?: string | null
  /** Of the body's bytes, in hex. */
  readonly sha256?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly code?: number
}

export function fakeEngineEvents(record: string): readonly FakeEngineEvent[] {
  const whole = textOf(record).split('\n').slice(0, -1)
  return whole.map((line) => JSON.parse(line))
}

/** Waits for the `count`th event of a kind. */
export function untilEvent(record: string, event: FakeEngineEvent['event'], count = 1): Promise<FakeEngineEvent> {
  return untilChange(record, () => fakeEngineEvents(record).filter((each) => each.event === event)[count - 1])
}
