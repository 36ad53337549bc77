import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from './pages.ts'

/** Room -> what it may import, as tests/architecture.test.ts holds it. */
export type Rooms = Readonly<Record<string, readonly string[]>>

export const ROOMS: Rooms = readRooms()

function readRooms(): Rooms {
  const text = readFileSync(join(ROOT, 'tests/architecture.test.ts'), 'utf8')
  const constant = /const ROOMS[^{]*\{([\s\S]*?)^\}/m.exec(text)?.[1] ?? ''
  const engines = /const ENGINE_MAY_IMPORT = \[(.*)\]/.exec(text)?.[1] ?? ''
  const rows = [...constant.matchAll(/^ {2}(\w+): \[(.*)\],$/gm)].map(
    ([, room = '', allowed = '']) => [room, namesIn(allowed)] as const,
  )
  return { ...Object.fromEntries(rows), engines: namesIn(engines) }
}

function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/'([^']+)'/g)].map(([, name = '']) => name).toSorted()
}
