import { quote, variantsOf } from '../core/index.ts'
import type { Bytes, MemorySpec, ModelSpec } from '../core/index.ts'
import { keyOf } from './context.ts'
import type { Knowledge } from './context.ts'
import type { ReadModel } from './model.ts'
import type { Report } from './problems.ts'

/*
 * What models with `keep: always` take for good. Nothing evicts them, so that together they must fit; what a manifest
 * says against itself is a problem, and what only this host makes impossible a warning.
 */

export interface Together {
  readonly models: readonly ReadModel[]
  readonly memory: MemorySpec
  readonly knowledge: Knowledge
  readonly report: Report
  readonly warn: Report
}

export function checkKept({ models, memory, knowledge, report, warn }: Together): void {
  const kept = models.filter(({ spec }) => spec.keep === 'always')
  if ('bytes' in memory.host) checkHost(kept, memory.host.bytes, report)
  else if (knowledge.hostMemory) checkHost(kept, Math.floor(knowledge.hostMemory * memory.host.share), warn)
  for (const [name, count] of Object.entries(memory.resources)) checkResource(kept, name, count, report)
  checkWholeGpus(kept, report)
}

/** Of the way that claims least: with any other it would not be easier. */
function hostBytes(model: ModelSpec): Bytes {
  return Math.min(...variantsOf(model).map(({ memory }) => memory?.host ?? 0))
}

/** At the model with which it is too much. */
function checkHost(kept: readonly ReadModel[], limit: Bytes, report: Report): void {
  const claims = kept.filter(({ spec }) => hostBytes(spec) > 0)
  let needed = 0
  for (const [index, { spec, context }] of claims.entries()) {
    needed += hostBytes(spec)
    if (needed <= limit) continue
    const all = claims.reduce((sum, each) => sum + hostBytes(each.spec), 0)
    const facts = { models: claims.map((each) => each.spec.name), needed: all, limit }
    const placed = claims[index]?.context.settings.placed('memory')
    return report('manifest_kept_over_memory', facts, placed?.entry.node.span ?? context.span, [
      ...context.path,
      'memory',
    ])
  }
}

function checkResource(kept: readonly ReadModel[], name: string, count: number, report: Report): void {
  const takers = kept.filter(({ spec }) => spec.resources[name])
  const taken = takers.reduce((sum, { spec }) => sum + (spec.resources[name] ?? 0), 0)
  const last = takers.at(-1)
  if (taken <= count || !last) return
  const who = takers.map(({ spec }) => quote(spec.name)).join(', ')
  const why = `Models with \`keep: always\` (${who}) take ${taken} of ${quote(name)}, and memory.resources has ${count}.`
  const { context } = last
  const span = context.settings.placed('resources')?.entry.node.span ?? context.span
  report('manifest_conflict', { why, next: 'Keep fewer of them, or say that there is more.' }, span, [
    ...context.path,
    'resources',
  ])
}

/** Two that are kept on the same GPU, which one of them takes whole. */
function checkWholeGpus(kept: readonly ReadModel[], report: Report): void {
  const first = new Map<number | string, ReadModel>()
  for (const model of kept) {
    const { gpus, variants } = model.spec
    if (gpus.kind !== 'list' || variants.length > 0) continue
    for (const gpu of gpus.gpus) {
      const other = first.get(gpu)
      if (other && (takesWhole(other) || takesWhole(model))) return reportWhole(model, other, gpu, report)
      if (!other) first.set(gpu, model)
    }
  }
}

function takesWhole({ spec }: ReadModel): boolean {
  return spec.memory?.device === 'all'
}

function reportWhole(model: ReadModel, other: ReadModel, gpu: number | string, report: Report): void {
  const [whole, too] = takesWhole(other) ? [other, model] : [model, other]
  const why = `${keyOf('memory', whole.context)} takes GPU ${gpu} whole for good, and ${quote(too.spec.name)} is kept there too.`
  const { context } = model
  const span = context.settings.placed('gpus')?.entry.node.span ?? context.span
  report('manifest_conflict', { why, next: 'Keep one of them there, or give both a size.' }, span, [
    ...context.path,
    'gpus',
  ])
}
