import { basename } from 'node:path'

import type { Origin, Setting } from '../../manifest/index.ts'
import { yamlLine } from '../yaml-line.ts'
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
      level < (shared === -1 ? parents.length : shared) ? [] : [{ text: `${indent(level)}${yamlLine(part)}:` }],
    )
    const start = indent(parents.length)
    const key = yamlLine(path.at(-1) ?? '')
    const text =
      'value' in setting ? `${start}${key}: ${yamlLine(setting.value)}` : `${start}# ${key}: ${setting.words}`
    return [...headings, { text, origin }]
  })
  return settings.some(({ path }) => path[0] === 'models') ? lines : [...lines, { text: 'models: {}' }]
}

function indent(level: number): string {
  return '  '.repeat(level)
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
