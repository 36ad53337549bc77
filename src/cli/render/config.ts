import { basename } from 'node:path'

import { Document, visit } from 'yaml'

import type { Origin, Setting } from '../../manifest/index.ts'
import { forTerminal, lengthOf, type Look, paint } from './paint.ts'

/** What the manifest has no key for. */
export interface DaemonSetting {
  readonly name: string
  readonly value: string
  readonly origin: Origin
}

export interface ConfigScreen {
  /** Null for a manifest made in memory. */
  readonly manifest: string | null
  readonly daemon: readonly DaemonSetting[]
  readonly settings: readonly Setting[]
}

/** Origins stand in one column, but for lines that are longer than this. */
const COLUMN_MAX = 56
/** Nothing is folded or broken. */
const UNBROKEN = { lineWidth: 0, blockQuote: false, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER } as const

/** A whole manifest with every value that holds, and behind each where it comes from, where that is asked for. */
export function renderConfig(
  { manifest, daemon, settings }: ConfigScreen,
  origins: 'shown' | 'hidden',
  look: Look,
): string {
  const lines: Line[] = [
    ...(manifest === null ? [] : [{ text: `# ${manifest}` }]),
    ...daemon.map(({ name, value, origin }) => ({ text: `# ${name}: ${value}`, origin })),
    { text: 'version: 1' },
    ...tree(settings),
  ]
  const column = Math.max(...lines.map(({ text }) => lengthOf(text)).filter((length) => length <= COLUMN_MAX)) + 2
  return lines.map((line) => renderLine(line, origins === 'shown' ? column : null, look)).join('')
}

interface Line {
  readonly text: string
  readonly origin?: Origin
}

/** The settings come in the order of the manifest, so that each key is met once. */
function tree(settings: readonly Setting[]): readonly Line[] {
  let above: readonly string[] = []
  const lines = settings.flatMap((setting): Line[] => {
    const { path, origin } = setting
    const shared = path.findIndex((part, index) => part !== above[index])
    const parents = path.slice(0, -1)
    above = parents
    const headings = parents.flatMap((part, level) =>
      level < (shared === -1 ? parents.length : shared) ? [] : [{ text: `${indent(level)}${oneLine(part)}:` }],
    )
    const start = indent(parents.length)
    const key = oneLine(path.at(-1) ?? '')
    const text = 'value' in setting ? `${start}${key}: ${oneLine(setting.value)}` : `${start}# ${key}: ${setting.words}`
    return [...headings, { text, origin }]
  })
  return settings.some(({ path }) => path[0] === 'models') ? lines : [...lines, { text: 'models: {}' }]
}

function indent(level: number): string {
  return '  '.repeat(level)
}

/** YAML on one line, however long it gets. */
function oneLine(value: unknown): string {
  const isCollection = typeof value === 'object' && value !== null
  const document = new Document(value)
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && node.value.includes('\n')) node.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString(isCollection ? { ...UNBROKEN, collectionStyle: 'flow' } : UNBROKEN).trimEnd()
}

function renderLine({ text, origin }: Line, column: number | null, look: Look): string {
  const shown = look.width === null ? text : forTerminal(text)
  const painted = shown.trimStart().startsWith('#') ? paint(shown, 'quiet', look) : shown
  if (column === null || origin === undefined) return `${painted}\n`
  const gap = ' '.repeat(Math.max(2, column - lengthOf(text)))
  return `${painted}${gap}${paint(`# ${originText(origin)}`, 'quiet', look)}\n`
}

export function originText(origin: Origin): string {
  switch (origin.from) {
    case 'flag':
    case 'environment':
      return origin.name
    case 'manifest':
      return `${basename(origin.file)}:${origin.line}`
    case 'default':
      return 'default'
    default:
      return origin satisfies never
  }
}
