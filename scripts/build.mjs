// Compiles src and engines into dist, from nothing, and says something only when that fails. Does nothing when dist is
// newer than all that it is made of, so that a daemon that runs from it is not disturbed.
import { spawnSync } from 'node:child_process'
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Written last: what stands beside it is whole. */
const stamp = join(root, 'dist', '.built')
const sources = ['src', 'engines', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']

if (!isCurrent()) compile()

function isCurrent() {
  const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return sources.every((source) => newest(join(root, source)) < built)
}

/** Folders too: theirs changes when something in them is added or removed. */
function newest(path) {
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  const inside = readdirSync(path, { recursive: true }).map((name) => statSync(join(path, name)).mtimeMs)
  return Math.max(mtimeMs, ...inside)
}

function compile() {
  // What was deleted from the source must not go on working from an earlier build.
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  const compiler = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (compiler.error) throw compiler.error
  if (compiler.status !== 0) process.exit(compiler.status ?? 1)
  // The compiler keeps the first line of main.ts, and not that it may be executed.
  chmodSync(join(root, 'dist', 'src', 'main.js'), 0o755)
  writeFileSync(stamp, '')
}
