import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'

import { program as parser, visibleCommands } from '../../../scripts/reference/cli.ts'
import { commands, ROOT, WRITTEN } from './pages.ts'

const program = parser()
const scripts = Object.keys(
  (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }).scripts,
)

/** The faults of one `enginehouse …` line. */
function faultsOf(line: string): readonly string[] {
  const [name, ...rest] = line.split(' ').filter((word) => word !== '')
  if (name === undefined || /^[A-Z…]/.test(name)) return []
  if (name.startsWith('-')) return unknownFlags(program, [name])
  const command = visibleCommands(program).find((each) => each.name() === name)
  if (command === undefined) return [`there is no command ${name}`]
  const parts = visibleCommands(command)
  if (parts.length === 0 || rest.length === 0) return unknownFlags(command, rest)
  const part = parts.find((each) => each.name() === rest[0])
  return part === undefined ? [`there is no command ${name} ${rest[0]}`] : unknownFlags(part, rest.slice(1))
}

function unknownFlags(command: Command, words: readonly string[]): readonly string[] {
  const known = [...command.options, ...program.options].flatMap(({ long, short }) => [long, short])
  return words.filter((word) => word.startsWith('-') && !known.includes(word) && word !== '--help')
}

describe.each(WRITTEN.map((each) => [each.path, each] as const))('%s', (_path, each) => {
  it('names only commands and flags that this version has', () => {
    const lines = commands(each).flatMap((line) => {
      const [, rest] = /^(?:npx )?enginehouse (.*)$/.exec(line) ?? []
      return rest === undefined ? [] : [rest]
    })
    expect(lines.flatMap((line) => faultsOf(line).map((fault) => `${line}: ${fault}`))).toEqual([])
  })

  it('names only scripts of package.json', () => {
    const named = commands(each).flatMap((line) => {
      const [, script] = /(?:^|[^\w-])npm run ([\w:-]+)/.exec(line) ?? []
      return script === undefined ? [] : [script]
    })
    expect(named.filter((script) => !scripts.includes(script))).toEqual([])
  })

  it('names only files that are there', () => {
    const paths = commands(each)
      .flatMap((line) => line.split(' '))
      .filter((word) => /^(src|engines|tests|scripts|configs|docs)\/[\w./-]+$/.test(word))
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
    const plain = [...each.text.matchAll(/(?<![\w/`])docs\/[\w/.-]*\w/g)].map(([path]) => path)
    expect(plain.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})
