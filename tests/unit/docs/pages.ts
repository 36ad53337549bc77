import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** A page for people, with its path from the root. */
export interface Page {
  readonly path: string
  readonly text: string
}

/** README and its siblings, the templates of issues and pull requests, docs/, and each engine's page. */
export const PAGES: readonly Page[] = [
  ...readdirSync(ROOT)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(ROOT, name)),
  ...['.github', 'docs', 'engines'].flatMap((name) => pagesUnder(join(ROOT, name))),
].map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') }))

/** What people write; the rest is as scripts/write-reference.ts makes it, which reference.test.ts holds. */
export const WRITTEN: readonly Page[] = PAGES.filter(({ path }) => !path.startsWith('docs/reference/')).map((each) => ({
  path: each.path,
  text: each.text.split('<!-- From here on the page is written by', 1)[0] ?? '',
}))

export function page(path: string): Page {
  const found = PAGES.find((each) => each.path === path)
  if (found === undefined) throw new Error(`there is no page ${path}`)
  return found
}

function pagesUnder(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Fenced blocks of one language; '' for blocks that name none. */
export function blocks({ text }: Page, language: string): readonly string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] ?? '')
}

/** What stands between single backticks outside of fenced blocks. */
export function spans({ text }: Page): readonly string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/`([^`]+)`/g)].map((match) => (match[1] ?? '').replace(/\s+/g, ' '))
}

/** Every line of code that a reader may type: shell blocks without their comments, and spans. */
export function commands(from: Page): readonly string[] {
  const lines = [...blocks(from, 'sh'), ...blocks(from, '')].flatMap((block) =>
    block
      .replace(/\\\n\s*/g, ' ')
      .split('\n')
      .map((line) => line.replace(/^\$ /, '').replace(/\s+#.*$/, '')),
  )
  return [...lines, ...spans(from)]
}

/** Rows of all tables, each as its trimmed cells, without heads and rules. */
export function rows(text: string): readonly (readonly string[])[] {
  const lines = text.split('\n')
  return lines
    .filter((line, index) => line.startsWith('|') && !isRule(line) && !isRule(lines[index + 1] ?? ''))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
}

function isRule(line: string): boolean {
  return /^\|[-| ]+\|$/.test(line)
}

/** The text below a heading, up to the next of its level. */
export function section({ text, path }: Page, heading: string): string {
  const [, after] = text.split(`\n## ${heading}\n`)
  if (after === undefined) throw new Error(`${path} has no section ${heading}`)
  return after.split('\n## ', 1)[0] ?? ''
}
