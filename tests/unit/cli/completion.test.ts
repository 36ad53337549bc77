import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { execa } from 'execa'
import { describe, expect, it } from 'vitest'

import { runCommand } from '../../support/cli.ts'
import { testEnvironment } from '../../support/run.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { stubDaemon } from './stub-daemon.ts'
import { WORLD } from './stub-world.ts'

const MODELS = ['smollm2', 'default', 'tiny', 'meta/llama-3.3-70b-instruct', 'qwen3-coder', 'whisper', 'bge-m3']

/** A line that is typed up to the Tab, and what a shell then offers. */
const LINES: readonly (readonly [line: string, offers: readonly string[]])[] = [
  ['enginehouse stat', ['status']],
  ['enginehouse un', ['unload', 'unpin']],
  ['enginehouse devices ', ['clear']],
  ['enginehouse engines ', ['list', 'install', 'doctor']],
  ['enginehouse completion ', ['bash', 'zsh', 'fish']],
  [
    'enginehouse load --',
    [
      '--wait',
      '--no-wait',
      '--dry-run',
      '--config',
      '--json',
      '--quiet',
      '--no-color',
      '--yes',
      '--timeout',
      '--host',
      '--key-file',
      '--help',
    ],
  ],
  ['enginehouse load ', MODELS],
  ['enginehouse load --dry-run sm', ['smollm2']],
  ['enginehouse load --timeout 5s me', ['meta/llama-3.3-70b-instruct']],
  ['enginehouse --json show q', ['qwen3-coder']],
  ['enginehouse events --model wh', ['whisper']],
  ['enginehouse devices clear G', ['GPU-1b5f']],
  ['enginehouse validate -c here.y', ['here.yaml']],
  ['enginehouse run here', ['here.gguf', 'here.yaml']],
  ['enginehouse load --timeout ', []],
  ['enginehouse ps ', []],
]

/**
 * A directory with files of known names, the shell's script, and a program of the right name that knows these models
 * and devices: what the real one answers is tested below.
 */
async function makePlace(shell: string, models: readonly string[] = MODELS): Promise<string> {
  const directory = temporaryDirectory()
  const program = join(directory, 'enginehouse')
  const words = `case "$1 $2" in "__words models") echo ${models.join(' ')} ;; "__words devices") echo GPU-1b5f 0 host ;; esac`
  writeFileSync(program, `#!/bin/sh\n${words.replaceAll(/echo ([^;]*)/g, "printf '%s\\n' $1")}\n`)
  chmodSync(program, 0o755)
  for (const name of ['here.gguf', 'here.yaml']) writeFileSync(join(directory, name), '')
  const { stdout } = await runCommand(['completion', shell])
  writeFileSync(join(directory, 'script'), stdout)
  return directory
}

/** How a shell is asked for what it would offer: each line in its argument, `== LINE` before the answers to it. */
const SHELLS: Readonly<Record<string, readonly string[]>> = {
  // As readline would: the line, its words, and the function that `complete` has named.
  bash: [
    '--norc',
    '-c',
    `source ./script
     for COMP_LINE; do
       COMP_POINT=\${#COMP_LINE}
       _enginehouse
       printf '== %s\\n' "$COMP_LINE"
       printf '%s\\n' "\${COMPREPLY[@]}"
     done`,
    'bash',
  ],
  fish: ['--no-config', '-c', 'source ./script; for line in $argv; echo "== $line"; complete -C "$line"; end'],
}

async function offers(shell: string, directory: string, lines: readonly string[]) {
  const PATH = `${directory}:${process.env['PATH'] ?? ''}`
  const { stdout } = await execa(shell, [...(SHELLS[shell] ?? []), ...lines], {
    cwd: directory,
    env: { ...testEnvironment(), PATH },
    extendEnv: false,
    input: '',
  })
  const sections = stdout.split(/^== /m).slice(1)
  return sections.map((section) => {
    const [line = '', ...found] = section.split('\n')
    // A tab and what follows it describe the word before.
    return [line, found.map((each) => each.replace(/\t.*/, '').trim()).filter((each) => each !== '')] as const
  })
}

describe.each(Object.keys(SHELLS))('completion in %s', (shell) => {
  it.skipIf(spawnSync(shell, ['--version']).status !== 0)('offers what may stand there', async () => {
    const found = await offers(
      shell,
      await makePlace(shell),
      LINES.map(([line]) => line),
    )
    const flagsOnly = (words: readonly string[]) => words.filter((word) => !/^-\w$/.test(word)).toSorted()
    expect(Object.fromEntries(found.map(([line, words]) => [line, flagsOnly(words)]))).toEqual(
      Object.fromEntries(LINES.map(([line, words]) => [line, words.toSorted()])),
    )
  })
})

it('completes a name by what follows its colon in bash, which takes that for a word of its own', async () => {
  const directory = await makePlace('bash', ['llama:8b', 'llama:70b'])
  expect(await offers('bash', directory, ['enginehouse load lla', 'enginehouse load llama:'])).toEqual([
    ['enginehouse load lla', ['llama:8b', 'llama:70b']],
    ['enginehouse load llama:', ['8b', '70b']],
  ])
})

describe('the words that the scripts ask for', () => {
  it.each([
    ['models', MODELS],
    ['devices', ['GPU-1b5f', '0', 'host']],
    ['xyz', []],
  ])('%s', async (kind, words) => {
    const { environment } = await stubDaemon(WORLD)
    const { exit, stdout } = await runCommand(['__words', kind], { environment })
    expect([exit, stdout]).toEqual([0, words.map((word) => `${word}\n`).join('')])
  })

  it('are none without a daemon, and nothing is said', async () => {
    expect(await runCommand(['__words', 'models'])).toEqual({ exit: 0, stdout: '', stderr: '' })
  })
})

it.skipIf(spawnSync('zsh', ['--version']).status !== 0)('the script for zsh can be read by zsh', async () => {
  const { stdout } = await runCommand(['completion', 'zsh'])
  const { status, stderr } = spawnSync('zsh', ['-n'], { input: stdout, encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
})
