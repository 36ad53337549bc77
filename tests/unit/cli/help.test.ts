import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import { EXAMPLES } from '../../../src/cli/examples.ts'
import { createProgram } from '../../../src/cli/program.ts'
import { runCommand } from '../../support/cli.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const program = () => createProgram(() => () => Promise.resolve(), { write() {}, writeError() {}, width: 80 })
const names = () => {
  const parent = program()
  return parent
    .createHelp()
    .visibleCommands(parent)
    .map((command) => command.name())
}

describe('help', () => {
  it.each(names())('of %s is no wider than 80 columns', async (name) => {
    const { exit, stdout } = await runCommand([name, '--help'], { columns: 80 })
    expect(exit).toBe(0)
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  it('shows every command on one line', async () => {
    const { stdout } = await runCommand(['--help'], { columns: 80 })
    const lines = stdout.split('\n')
    for (const name of names()) {
      const index = lines.findIndex((line) => line.startsWith(`  ${name} `))
      expect(lines[index], name).toMatch(/\S {2,}\S/)
      expect(lines[index + 1], name).not.toMatch(/^ {4}/)
    }
  })

  const lines = Object.values(EXAMPLES)
    .flat()
    .map((line) => /enginehouse ([^|#)]*)/.exec(line)?.[1]?.trim() ?? '')
  it.each(lines)('has an example that can be typed: %s', async (line) => {
    const words = [...line.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word)
    await program().parseAsync(words, { from: 'user' })
  })

  it('has examples of commands that there are', () => {
    expect(Object.keys(EXAMPLES).filter((name) => name !== 'enginehouse' && !names().includes(name))).toEqual([])
  })
})

describe('a command starts fast', () => {
  /** Files that are loaded with this one, and the packages that they take; what is imported later is left out. */
  const packagesBehind = (entry: string) => {
    const seen = new Set<string>()
    const packages = new Set<string>()
    const visit = (path: string): void => {
      if (seen.has(path)) return
      seen.add(path)
      const text = readFileSync(path, 'utf8')
      for (const [, isType, from = ''] of text.matchAll(
        /^(?:import|export) (type )?(?:[^'\n]|\n(?! *\n))*?from '([^']+)'/gm,
      )) {
        if (isType) continue
        if (from.startsWith('.')) visit(resolve(dirname(path), from))
        else if (!from.startsWith('node:')) packages.add(from)
      }
    }
    visit(join(ROOT, entry))
    return { files: [...seen].map((path) => relative(ROOT, path)), packages: [...packages].toSorted() }
  }

  it('loads its parser and nothing that another command needs', () => {
    const { files, packages } = packagesBehind('src/main.ts')
    expect(packages).toEqual(['commander'])
    expect(files).toContain('src/cli/commands/explain.ts')
    expect(files).not.toContain('src/cli/client.ts')
  })

  it('knows the engines without the daemon', () => {
    const { files, packages } = packagesBehind('src/app/house.ts')
    expect(packages).toEqual([])
    expect(files).toContain('engines/llama-server/adapter.ts')
    expect(files).not.toContain('src/app.ts')
  })

  it('asks a daemon without a package', () => {
    expect(packagesBehind('src/cli/client.ts').packages).toEqual([])
    expect(packagesBehind('src/cli/transport.ts').packages.filter((name) => name !== 'commander')).toEqual([])
  })
})
