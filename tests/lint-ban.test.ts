import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** A tree of the same shape, under the same rules. */
const COPY = mkdtempSync(join(tmpdir(), 'enginehouse-lint-'))

/** Each way past the ports, and the rule that has to see it. */
const BANNED: readonly (readonly [line: string, rule: string])[] = [
  ['export const now = Date.now()', 'no-restricted-globals'],
  ['export const day = new Date()', 'no-restricted-globals'],
  ['setTimeout(() => {}, 1)', 'no-restricted-globals'],
  ['setInterval(() => {}, 1)', 'no-restricted-globals'],
  ['setImmediate(() => {})', 'no-restricted-globals'],
  ['export const t = performance.now()', 'no-restricted-globals'],
  ['export const id = crypto.randomUUID()', 'no-restricted-globals'],
  ['export const h = process.hrtime()', 'no-restricted-globals'],
  ['export const g = globalThis.Date', 'no-restricted-globals'],
  ["export const f = fetch('http://127.0.0.1')", 'no-restricted-globals'],
  ['export const r = Math.random()', 'no-restricted-properties'],
  ['export const s = AbortSignal.timeout(1)', 'no-restricted-properties'],
  ["import 'node:fs'", 'no-restricted-imports'],
  ["import 'node:fs/promises'", 'no-restricted-imports'],
  ["import 'node:child_process'", 'no-restricted-imports'],
  ["import { randomUUID } from 'node:crypto'; export { randomUUID }", 'no-restricted-imports'],
  ["import * as all from 'node:crypto'; export { all }", 'no-restricted-imports'],
  ["import 'node:timers/promises'", 'no-restricted-imports'],
  ["import 'node:net'", 'no-restricted-imports'],
  ["import 'execa'", 'no-restricted-imports'],
  ["import 'undici'", 'no-restricted-imports'],
]

/** What stays open: a digest is no chance. */
const ALLOWED = "import { createHash } from 'node:crypto'; export { createHash }"

const ROOMS = ['core', 'scheduler', 'engine', 'supervisor']

beforeAll(() => {
  cpSync(join(ROOT, '.oxlintrc.json'), join(COPY, '.oxlintrc.json'))
  write(pathOf('core', BANNED.length), ALLOWED)
  for (const [index, [line]] of BANNED.entries())
    for (const room of [...ROOMS, 'process']) write(pathOf(room, index), line)
})

afterAll(() => rmSync(COPY, { recursive: true, force: true }))

describe('the lint ban', () => {
  it('sees every way to the clock, to chance and to the world outside, in each pure room and in no other', () => {
    const found = lint()
    for (const [index, [line, rule]] of BANNED.entries()) {
      for (const room of ROOMS) expect(found.get(pathOf(room, index)) ?? [], `${room}: ${line}`).toContain(rule)
      expect((found.get(pathOf('process', index)) ?? []).filter((each) => each.startsWith('no-restricted'))).toEqual([])
    }
    expect(found.get(pathOf('core', BANNED.length))).toBeUndefined()
  })
})

function pathOf(room: string, index: number): string {
  return `src/${room}/banned-${index}.ts`
}

function write(path: string, line: string): void {
  const file = join(COPY, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${line}\n`)
}

/** Rules that fired, by file. */
function lint(): ReadonlyMap<string, readonly string[]> {
  const program = join(ROOT, 'node_modules', 'oxlint', 'bin', 'oxlint')
  const found = new Map<string, string[]>()
  for (const { filename, code } of run(program)) {
    const rule = /\(([^)]+)\)/.exec(code)?.[1] ?? code
    found.set(filename, [...(found.get(filename) ?? []), rule])
  }
  return found
}

function run(program: string): readonly { readonly filename: string; readonly code: string }[] {
  try {
    execFileSync(process.execPath, [program, '--format', 'json', 'src'], { cwd: COPY, encoding: 'utf8' })
  } catch (error) {
    // It exits 1 when it finds something, which is what it is here for.
    if (error instanceof Error && 'stdout' in error)
      return (JSON.parse(String(error.stdout)) as { diagnostics: { filename: string; code: string }[] }).diagnostics
    throw error
  }
  return []
}
