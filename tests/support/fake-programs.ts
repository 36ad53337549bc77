import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { textOf, untilChange } from './gates.ts'

/** Puts a program of tests/fixtures on disk as a command of that name, as an installation would; returns its path. */
export function installFake(directory: string, name: string, fixture: string): string {
  const program = fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url))
  const path = join(directory, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`)
  chmodSync(path, 0o755)
  return path
}

/** One line of the file that a fake's `--record` names; `event` and more stand at the top of each fixture. */
export interface FakeEvent {
  readonly event: string
  readonly pid: number
  readonly argv?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly model?: string
  readonly code?: number
  readonly path?: string
}

export function fakeEvents(record: string): readonly FakeEvent[] {
  return textOf(record)
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

/** Waits for the `count`th event of a kind. */
export function untilFakeEvent(record: string, event: string, count = 1): Promise<FakeEvent> {
  return untilChange(record, () => fakeEvents(record).filter((each) => each.event === event)[count - 1])
}
