import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { expect } from 'vitest'

import { type CommandOptions, runCommand } from './cli.ts'

const DIRECTORY = fileURLToPath(new URL('../golden/cli/', import.meta.url))

/** One run of a command, as a person or a program meets it. */
export interface Screen {
  readonly argv: readonly string[]
  /** Of the terminal; null is a pipe. */
  readonly columns: number | null
  readonly color?: true
  readonly options?: CommandOptions
}

/** What a person saw: the command line, its output, its errors and its exit code. Escape characters are `\e`. */
export async function transcript({ argv, columns, color, options = {} }: Screen): Promise<string> {
  const { exit, stdout, stderr } = await runCommand(argv, {
    ...options,
    environment: { ...options.environment, ...(color ? {} : { NO_COLOR: '1' }) },
    ...(columns === null ? {} : { columns }),
  })
  const where = columns === null ? 'in a pipe' : `${columns} columns${color ? ', in colour' : ''}`
  const command = `$ enginehouse ${argv.map((word) => (/^[\w./:-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`
  return [
    `${command.padEnd(60)} # ${where}, exit ${exit}\n`,
    hidden(stdout, options),
    stderr === '' ? '' : `${stdout === '' ? '' : '\n'}# stderr\n${hidden(stderr, options)}`,
  ].join('')
}

/** What a program reads with --json: one value, or a list of those that came one per line. */
export async function jsonTranscript(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { stdout, stderr } = await runCommand([...argv, '--json'], options)
  expect(stderr).toBe('')
  const values = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(hidden(line, options)) as unknown)
  return `${JSON.stringify(values.length === 1 ? values[0] : values, null, 2)}\n`
}

/** Compares with `tests/golden/cli/FILE`; with UPDATE_GOLDEN=1 writes it anew. */
export async function expectGolden(file: string, text: string): Promise<void> {
  const path = `${DIRECTORY}${file}`
  if (process.env['UPDATE_GOLDEN'] !== undefined) await writeFile(path, text)
  expect(text).toBe(await readFile(path, 'utf8').catch(() => `There is no ${file}: UPDATE_GOLDEN=1 writes it.`))
}

/** Paths of this run are those of no other. */
function hidden(text: string, { environment = {} }: CommandOptions): string {
  const directory = environment['ENGINEHOUSE_STATE_DIR']
  const shown = directory === undefined ? text : text.replaceAll(directory, '/state')
  return shown.replaceAll('\u001b', '\\e')
}
