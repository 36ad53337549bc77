import { type Look, plain } from './paint.ts'
import { type Cell, table } from './table.ts'

export interface EngineRow {
  readonly name: string
  /** `of_manifest`: its program is what the manifest says. */
  readonly state: 'found' | 'missing' | 'of_manifest'
  readonly path: string | null
  readonly version: string | null
  readonly installable: boolean
}

const COLUMNS = [{ title: 'ENGINE' }, { title: 'VERSION', shrinksTo: 10 }, { title: 'PROGRAM', shrinksTo: 20 }] as const

export function renderEngines(rows: readonly EngineRow[], look: Look): string {
  return table(
    COLUMNS,
    rows.map((row) => [{ text: row.name }, { text: plain(row.version ?? '-') }, programCell(row)]),
    look,
  )
}

function programCell(row: EngineRow): Cell {
  if (row.state === 'found') return { text: plain(row.path ?? ''), meaning: 'good' }
  if (row.state === 'of_manifest') return { text: '`command` of the model', meaning: 'quiet' }
  const how = row.installable ? `enginehouse engines install ${row.name}` : `\`engines.${row.name}\` may name one`
  return { text: `none; ${how}`, meaning: 'busy' }
}
