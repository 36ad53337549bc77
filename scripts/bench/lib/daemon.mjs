// The daemon as it is shipped: the built program, with default settings.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../lib/setup.mjs'
import { startProgram } from './rig.mjs'

const PROGRAM = join(ROOT, 'dist', 'src', 'main.js')

/** Starts it with `manifest` (an object); resolves with { port, pid } when it listens. */
export async function startDaemon(rig, manifest, { nodeFlags = [] } = {}) {
  if (!existsSync(PROGRAM)) throw new Error('there is no build to measure: run `node scripts/build.mjs`')
  const directory = join(rig.directory, 'daemon')
  mkdirSync(directory)
  const file = join(directory, 'enginehouse.yaml')
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ version: 1, ...manifest }))
  const argv = rig.asServer([process.execPath, ...nodeFlags, PROGRAM, 'serve', '--json', '-c', file])
  const { pid, text } = await startProgram(rig, argv, {
    name: 'daemon',
    until: /\n/,
    environment: {
      PATH: process.env.PATH,
      HOME: directory,
      ENGINEHOUSE_STATE_DIR: join(directory, 'state'),
      ENGINEHOUSE_LISTEN: '127.0.0.1:0',
    },
  })
  return { port: Number(new URL(JSON.parse(text).listening).port), pid }
}
