import { formatBytes, formatDuration } from '../../core/index.ts'
import type { EventAnswer } from '../answers.ts'
import { plain } from './paint.ts'

/** The part of a plan's evidence that is shown; evidence grows, so each part may be missing. */
interface PlanShape {
  readonly chosen?: number | null
  readonly candidates?: readonly CandidateShape[]
}

interface CandidateShape {
  readonly verdict?: string
  readonly devices?: readonly BudgetShape[]
  readonly evict?: readonly {
    readonly model: string
    readonly bytes: number
    readonly idle_for_ms?: number
    readonly priority?: string
  }[]
  readonly spared?: readonly { readonly model: string; readonly rule: string; readonly until?: string | null }[]
}

interface BudgetShape {
  readonly device: string
  readonly needed: number
  readonly total: number
  readonly reserve: number
  readonly claimed: number
  readonly promised?: number
  readonly measured_free?: number | null
  readonly free: number
}

/** Other placements that are shown besides the chosen one; hosts with many GPUs have very many. */
const OTHERS_SHOWN = 4

/**
 * A plan's arithmetic, a line for each fact: what each device was to give and had, who leaves and who stays. None where
 * the decision needed no plan. Who leaves is left out where it stands elsewhere already.
 */
export function planLines(evidence: unknown, leaving: 'shown' | 'told_elsewhere'): readonly string[] {
  const { candidates = [], chosen = null } = (evidence ?? {}) as PlanShape
  const first = candidates[chosen ?? 0]
  const others = candidates.filter((candidate) => candidate !== first)
  return [
    ...(first ? [...budgets(first), ...(leaving === 'shown' ? evictions(first) : []), ...spared(first)] : []),
    ...others.slice(0, OTHERS_SHOWN).flatMap((candidate) => otherLines(candidate)),
    ...(others.length > OTHERS_SHOWN ? [`and ${others.length - OTHERS_SHOWN} more placements`] : []),
  ]
}

function budgets({ devices = [] }: CandidateShape): string[] {
  return devices.map((budget) => `${plain(budget.device)}: ${budgetText(budget)}`)
}

function evictions({ evict = [] }: CandidateShape): string[] {
  return evict.map(({ model, bytes, idle_for_ms: idle, priority }) => {
    const how = [
      formatBytes(bytes),
      ...(idle === undefined ? [] : [`idle for ${formatDuration(idle)}`]),
      ...(priority === undefined ? [] : [`priority ${plain(priority)}`]),
    ]
    return `${model} leaves: ${how.join(', ')}`
  })
}

function spared({ spared: stays = [] }: CandidateShape): string[] {
  const held = stays.filter(({ rule }) => rule !== 'not_needed')
  return held.map(({ model, rule, until }) => {
    const end = typeof until === 'string' ? ` until ${until.replace(/\.\d{3}Z$/, 'Z')}` : ''
    return `${model} stays: ${plain(rule).replaceAll('_', ' ')}${end}`
  })
}

function otherLines(candidate: CandidateShape): string[] {
  const verdict = candidate.verdict === undefined ? '' : ` (${plain(candidate.verdict).replaceAll('_', ' ')})`
  return budgets(candidate).map((line) => `not chosen${verdict}: ${line}`)
}

function budgetText(budget: BudgetShape): string {
  const { needed, total, reserve, claimed, promised = 0, measured_free: measured, free } = budget
  const parts = [
    `claimed ${formatBytes(claimed)}`,
    `reserve ${formatBytes(reserve)}`,
    ...(promised > 0 ? [`promised ${formatBytes(promised)}`] : []),
    ...(typeof measured === 'number' ? [`measured free ${formatBytes(measured)}`] : []),
  ]
  return `needs ${formatBytes(needed)}, ${formatBytes(free)} free of ${formatBytes(total)} (${parts.join(', ')})`
}

/** What a record says, and the lines under it where it is a plan: its own sentence has all of them in one. */
export function recordLines(event: EventAnswer): readonly [head: string, ...details: string[]] {
  const details = event.kind === 'planned' ? planLines(event.evidence, 'shown') : []
  const [head = ''] = details.length > 0 ? event.text.split(/ (?=Placement \d)/) : [event.text]
  return [plain(head), ...details]
}
