// What the first command on a fresh clone needs: plain Node, nothing from node_modules.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Ends the program with one sentence when this Node is too old to run any of it. */
export function requireNode() {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const [major, minor] = process.versions.node.split('.').map(Number)
  const [least, leastMinor] = engines.node.match(/\d+/g).map(Number)
  if (major > least || (major === least && minor >= leastMinor)) return
  console.error(`Enginehouse needs Node ${engines.node}, and this is ${process.versions.node}. Install a newer Node.`)
  process.exit(1)
}

/** Installs what the lock file says, unless that is what is there. npm leaves its own copy of it when it is done. */
export function ensureInstalled() {
  const lock = join(ROOT, 'package-lock.json')
  const done = join(ROOT, 'node_modules', '.package-lock.json')
  if (existsSync(done) && statSync(done).mtimeMs >= statSync(lock).mtimeMs) return
  step('Installing packages')
  run('npm', ['ci', '--no-fund', '--no-audit'])
}

export function build() {
  run(process.execPath, [join(ROOT, 'scripts', 'build.mjs')])
}

/** Runs a program to its end with its output shown; a failure ends this one with the same code. */
export function run(program, args, options = {}) {
  const { status, signal, error } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit', ...options })
  if (error) throw error
  if (signal) process.kill(process.pid, signal)
  if (status !== 0) process.exit(status ?? 1)
}

export function step(text) {
  console.error(`== ${text}`)
}
