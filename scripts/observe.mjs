#!/usr/bin/env node
/*
 * Lists living engine processes from outside: reads procfs and nothing of the daemon's code, so that it can contradict
 * the daemon.
 *
 *   node scripts/observe.mjs --all                    every process with a launch nonce in its environment
 *   node scripts/observe.mjs --nonce-of STATE_DIR     those of one daemon: their nonce stands in a record in
 *                                                     STATE_DIR/run, or their output goes to a file below it
 *
 * One JSON line each: { pid, ppid, sid, state, nonce, cmdline }. Exits 0 when there is none, 1 when there is one,
 * 2 when it cannot tell. Sees the processes that its user may look into.
 */
import { existsSync, readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const VARIABLE = 'ENGINEHOUSE_NONCE='

/** Undefined when it fails: a process that went or is another user's, a file that is gone, a flag that is unknown. */
function attempt(read) {
  try {
    return read()
  } catch {
    return undefined
  }
}

function observe(pid) {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  const environ = attempt(() => readFileSync(`/proc/${pid}/environ`, 'utf8'))
  if (stat === undefined || environ === undefined) return undefined
  const [state, ppid, , sid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const entry = environ.split('\0').find((each) => each.startsWith(VARIABLE))
  // A zombie runs nothing; its environment is empty, but a process can become one between the two reads.
  if (entry === undefined || state === 'Z' || state === 'X') return undefined
  const cmdline = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1).join(' ')) ?? ''
  return { pid, ppid: Number(ppid), sid: Number(sid), state, nonce: entry.slice(VARIABLE.length), cmdline }
}

/** The text of all launch records: a nonce is looked for in it, so that their format does not matter here. */
function recordsOf(run) {
  if (!existsSync(run)) return ''
  return readdirSync(run, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => attempt(() => readFileSync(join(entry.parentPath, entry.name), 'utf8')) ?? '')
    .join('\n')
}

function writesBelow(pid, directory) {
  return [1, 2].some((descriptor) =>
    attempt(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.startsWith(`${directory}/`),
  )
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

const options = { all: { type: 'boolean' }, 'nonce-of': { type: 'string' } }
const asked = attempt(() => parseArgs({ options }).values) ?? {}
const stateDirectory = asked['nonce-of']
if (!asked.all && stateDirectory === undefined) fail('usage: observe.mjs --all | --nonce-of STATE_DIR')
if (!existsSync('/proc/self/environ')) fail('this system has no procfs to look at')

let belongs = () => true
if (stateDirectory !== undefined) {
  if (!existsSync(stateDirectory)) fail(`there is no state directory ${stateDirectory}`)
  const run = join(realpathSync(stateDirectory), 'run')
  const records = recordsOf(run)
  belongs = (seen) => (seen.nonce !== '' && records.includes(seen.nonce)) || writesBelow(seen.pid, run)
}

let found = 0
for (const entry of readdirSync('/proc')) {
  const seen = /^\d+$/.test(entry) ? observe(Number(entry)) : undefined
  if (seen === undefined || !belongs(seen)) continue
  found += 1
  process.stdout.write(`${JSON.stringify(seen)}\n`)
}
process.exitCode = found > 0 ? 1 : 0
