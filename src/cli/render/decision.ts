import { type Facts, formatBytes, formatDuration, isErrorCode, nextOf, sentenceOf } from '../../core/index.ts'
import type { DecidedAnswer, DecisionAnswer, ModelAnswer, UnloadAllAnswer } from '../answers.ts'
import { type Look, type Meaning, paint, plain } from './paint.ts'
import { planLines } from './plan.ts'
import { localTimes } from './time.ts'
import { hang } from './wrap.ts'

export type Tense = 'done' | 'would'

const SENTENCES: Readonly<Record<string, Readonly<Record<Tense, string>> & { readonly meaning: Meaning }>> = {
  start: { done: 'loads', would: 'would load', meaning: 'good' },
  already: { done: 'is already as asked', would: 'is already as asked', meaning: 'quiet' },
  wait: { done: 'waits', would: 'would wait', meaning: 'busy' },
  refuse: { done: 'cannot be loaded', would: 'could not be loaded', meaning: 'bad' },
  restart: { done: 'restarts', would: 'would restart', meaning: 'good' },
  unload: { done: 'leaves memory', would: 'would leave memory', meaning: 'good' },
}

/** Whose device is where the model goes or is. */
const PLACED: ReadonlySet<string> = new Set(['start', 'wait', 'refuse'])

/** What was decided about a model, who makes room for it, and the arithmetic behind it. */
export function renderDecision({ decision, model }: DecidedAnswer, tense: Tense, look: Look, now: number): string {
  const known = SENTENCES[decision.action]
  const words = wordsFor(decision, tense === 'done' && model.instance === null) ?? known?.[tense]
  const verb = known && words !== undefined ? paint(words, known.meaning, look) : plain(decision.action)
  const place = decision.device !== null && PLACED.has(decision.action) ? ` on ${plain(decision.device)}` : ''
  const details = [
    ...refusal(decision.evidence),
    ...evictions(decision),
    ...planLines(decision.evidence, 'told_elsewhere'),
  ]
  return [
    `${model.id} ${verb}${place}${reason(decision.evidence)}\n`,
    ...details.map((line) => hang('  ', 4, localTimes(line, now), look)),
  ].join('')
}

/** What says more than the action's own words, from where the model stood or stands; undefined where nothing does. */
function wordsFor({ action, evidence }: DecisionAnswer, isGone: boolean): string | undefined {
  const { phase } = (evidence ?? {}) as { readonly phase?: unknown }
  if (action === 'unload' && isGone) return 'has left memory'
  if (action === 'already' && phase === 'ready') return 'is ready already'
  if (action === 'already' && phase === 'absent') return 'is not in memory'
  if (action === 'wait' && phase === 'starting') return 'is starting already'
  return undefined
}

/** What has to come first, where no plan could be made yet. */
function reason(evidence: unknown): string {
  const { waits_for: awaited } = (evidence ?? {}) as { readonly waits_for?: unknown }
  return typeof awaited === 'string' ? ` for its ${plain(awaited)}` : ''
}

/** The error that a request would get, with its figures. */
function refusal(evidence: unknown): string[] {
  const { code, facts } = (evidence ?? {}) as { readonly code?: unknown; readonly facts?: unknown }
  if (!isErrorCode(code) || typeof facts !== 'object' || facts === null) return []
  return [sentenceOf(code, facts as Facts), nextOf(code, facts as Facts)].map(plain)
}

function evictions(decision: DecisionAnswer): string[] {
  return decision.evict.map((each) => `${each.model} makes room: ${formatBytes(each.bytes)}, ${plain(each.why)}`)
}

/** What a model that is ready took and holds. */
export function renderReady(model: ModelAnswer): string {
  const took = model.load_seconds.last === null ? '' : ` in ${formatDuration(model.load_seconds.last * 1000)}`
  const claims = Object.entries(model.claim).map(
    ([device, claim]) => `${formatBytes(claim.bytes)} on ${plain(device)} (${claim.origin})`,
  )
  return `${model.id} is ready${took}${claims.length > 0 ? `: ${claims.join(', ')}` : ''}\n`
}

export function renderUnloadAll(answer: UnloadAllAnswer, tense: Tense): string {
  const verb = tense === 'done' ? 'unloaded' : 'would unload'
  const lines = [
    ...answer.unloaded.map((model) => `${verb} ${model}`),
    ...answer.skipped.map((each) => `left ${each.model}: ${plain(each.why)}`),
  ]
  return lines.length > 0 ? `${lines.join('\n')}\n` : 'nothing was loaded\n'
}
