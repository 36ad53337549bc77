import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'

/** { rounds, json } of the command line; `defaults.rounds` where it does not say, which may be null. */
export function readOptions(defaults) {
  const { values } = parseArgs({ options: { rounds: { type: 'string' }, json: { type: 'boolean', default: false } } })
  const rounds = values.rounds === undefined ? defaults.rounds : Number(values.rounds)
  if (rounds === null) return { rounds, json: values.json }
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('--rounds takes a whole number from 1 on')
  return { rounds, json: values.json }
}

/** Runs a bench when its file is the program, and not when `all` imports it. */
export async function runAsProgram(url, { measure, render, rounds }) {
  if (process.argv[1] !== fileURLToPath(url)) return
  const options = readOptions({ rounds })
  const result = await measure(options)
  console.log(options.json ? JSON.stringify(result) : render(result))
}
