import { formatBytes } from '../../core/index.ts'
import type { KeyChangeAnswer, ManifestPlanAnswer, ModelPlanAnswer } from '../answers.ts'
import { lackText } from '../lack-text.ts'
import { yamlLine } from '../yaml-line.ts'
import { lengthOf, type Look, type Meaning, paint, plain } from './paint.ts'
import { hang } from './wrap.ts'

const SIGNS = {
  added: { sign: '+', meaning: 'good' },
  changed: { sign: '~', meaning: 'busy' },
  removed: { sign: '-', meaning: 'bad' },
} as const satisfies Readonly<Record<ModelPlanAnswer['change'], { readonly sign: string; readonly meaning: Meaning }>>

/** Whether a plan has models that can never run here, as far as that is known. */
export function unplaceable({ models }: ManifestPlanAnswer): readonly string[] {
  return models.filter(({ fits }) => fits === false).map(({ model }) => model)
}

export function isEmptyPlan({ models, settings }: ManifestPlanAnswer): boolean {
  return models.length === 0 && settings.length === 0
}

/** What a manifest would change: a model's line, what can be said of it, its keys; then what is not a model's. */
export function renderManifestPlan(plan: ManifestPlanAnswer, look: Look): string {
  if (isEmptyPlan(plan)) return 'Nothing would change.\n'
  const longest = Math.max(0, ...plan.models.map(({ model }) => lengthOf(model)))
  const settings = plan.settings.map((change) => changeLine(change, change.key, '', change.restart, look)).join('')
  return [
    plan.models.map((model) => renderModel(model, plan, longest, look)).join(''),
    settings && `Beside the models:\n${settings}`,
    `${counts(plan)}\n`,
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function renderModel(model: ModelPlanAnswer, plan: ManifestPlanAnswer, longest: number, look: Look): string {
  const { sign, meaning } = SIGNS[model.change]
  const head = `${paint(sign, meaning, look)} ${model.model.padEnd(longest)}  `
  const text = [model.change, ...fate(model, plan), ...placement(model)].join('; ')
  const problem = model.weights_problem === null ? '' : below(plain(model.weights_problem), look, 'bad')
  return [
    hang(head, longest + 4, text, look, model.fits === false ? 'bad' : null),
    problem,
    ...model.keys.map((change) => changeLine(change, change.key, '', false, look)),
  ].join('')
}

/** What becomes of an instance that runs. */
function fate({ model, change, relaunch }: ModelPlanAnswer, { leaving }: ManifestPlanAnswer): string[] {
  if (leaving.includes(model)) {
    return [
      change === 'removed'
        ? 'its engine leaves after its last answer'
        : 'its engine leaves, and its next start differs',
    ]
  }
  if (change !== 'changed') return []
  return [relaunch ? 'its next start differs' : 'takes effect at once, and keeps its engine']
}

function placement({ change, need, fits, lacks, weights }: ModelPlanAnswer): string[] {
  if (change === 'removed') return []
  if (fits === false && lacks) return [lackText(lacks)]
  const origin = need === null ? '' : ` (${plain(need.origin)})`
  const amounts =
    need === null
      ? []
      : [
          ...(need.per_gpu === null
            ? []
            : [`${need.per_gpu === 'all' ? 'all' : formatBytes(need.per_gpu)} of each GPU`]),
          ...(need.host > 0 ? [`${formatBytes(need.host)} on host`] : []),
        ]
  const fetched = weights === 'absent' ? ['weights are fetched when it is first asked for'] : []
  if (amounts.length === 0) return need === null && weights !== 'failed' ? [...fetched, 'need not known yet'] : fetched
  return [...fetched, `needs ${amounts.join(' and ')}${origin}, fits`]
}

function changeLine(
  { before, after }: KeyChangeAnswer,
  key: string,
  indent: string,
  restart: boolean,
  look: Look,
): string {
  const hidden = before === null && after === null
  const text = hidden ? 'changed (values not shown)' : `${shown(before)} -> ${shown(after)}`
  const head = `${indent}    ${plain(key)}: `
  const later = restart ? ', at the next start of the daemon' : ''
  return hang(head, lengthOf(head), plain(`${text}${later}`), look)
}

function shown(value: unknown): string {
  return value === null ? '(nothing)' : yamlLine(value)
}

function below(text: string, look: Look, meaning: Meaning): string {
  return hang('    ', 4, text, look, meaning)
}

function counts(plan: ManifestPlanAnswer): string {
  const count = (change: ModelPlanAnswer['change']): number =>
    plan.models.filter((each) => each.change === change).length
  const words = [`${count('added')} added`, `${count('changed')} changed`, `${count('removed')} removed`]
  const leave = plan.leaving.length
  const leaving = leave === 0 ? 'no engine leaves' : leave === 1 ? '1 engine leaves' : `${leave} engines leave`
  const never = unplaceable(plan)
  const cannot = never.length === 0 ? '' : `; can never run here: ${never.join(', ')}`
  return `${words.join(', ')}; ${leaving}${cannot}`
}
