import { formatDuration } from '../../core/index.ts'
import type { ModelAnswer } from '../answers.ts'
import { type Look, plain } from './paint.ts'
import { table } from './table.ts'
import { phaseCell } from './words.ts'

const COLUMNS = [
  { title: 'MODEL', shrinksTo: 20 },
  { title: 'PHASE' },
  { title: 'ENGINE', optional: 1 },
  { title: 'CONTEXT', align: 'right' },
  { title: 'STAYS' },
  { title: 'ALIASES', shrinksTo: 12, optional: 2 },
  { title: 'SOURCE', shrinksTo: 20, keeps: 'end' },
] as const

/** All models of the manifest, in its order. */
export function renderLs(models: readonly ModelAnswer[], look: Look): string {
  const rows = models.map((model) => [
    { text: model.id },
    phaseCell(model),
    { text: model.engine },
    { text: model.context_length === null ? '-' : String(model.context_length) },
    { text: staysText(model) },
    { text: model.aliases.join(', ') || '-' },
    { text: plain(model.root) || '-' },
  ])
  return table(COLUMNS, rows, look)
}

function staysText(model: ModelAnswer): string {
  if (model.keep === 'always') return 'always'
  return model.ttl_ms === null ? 'until asked' : formatDuration(model.ttl_ms)
}
