import type { AnswerTimeouts, Millis, ModelName, ModelSpec } from '../core/index.ts'
import { conflict, keyOf } from './context.ts'
import type { Knowledge, ModelContext } from './context.ts'
import { DEFAULT_MODEL } from './defaults.ts'
import { readEnv } from './env.ts'
import { checkLaunch } from './launch.ts'
import type { Report, Span } from './problems.ts'
import { readResources } from './resources.ts'
import type { Pool } from './resources.ts'
import { LOAD, readLayers, START, TIMEOUTS } from './sections.ts'
import type { ModelSections } from './sections.ts'
import type { ModelKey, ModelRead } from './settings.ts'
import { layersOf, settingsOf } from './settings.ts'
import { mergeTimeouts } from './timeouts.ts'
import { enginesOf, readVariants } from './variants.ts'
import { readWay } from './way.ts'

export interface ModelInput {
  readonly name: ModelName
  readonly nameSpan: Span
  readonly own: ModelRead
  readonly defaults: ModelRead | undefined
  readonly around: Surroundings
}

/** What models are read with, beside their own keys. */
export interface Surroundings {
  /** Where relative paths start. */
  readonly directory: string
  /** Of `server`. */
  readonly timeouts: AnswerTimeouts
  readonly pool: Pool
  /** From the environment; undefined when it says nothing. */
  readonly ttl: Millis | null | undefined
  readonly knowledge: Knowledge
  /** Of the engines in it. */
  readonly sections: ModelSections
  readonly report: Report
}

export interface ReadModel {
  readonly spec: ModelSpec
  readonly context: ModelContext
}

/**
 * A model as the rest of the program sees it, from keys that were read each by itself: what depends on several of them
 * is checked here, but for its fallback, which depends on the other models. What comes back is whole only when nothing
 * was reported for it or for the keys.
 */
export function readModel({ name, nameSpan, own, defaults, around }: ModelInput): ReadModel {
  const { directory, timeouts, pool, ttl, knowledge, sections, report } = around
  const stack = layersOf(name, own, defaults, ttl)
  const settings = settingsOf(stack)
  const path = ['models', name]
  const engines = enginesOf(settings, knowledge)
  const context: ModelContext = { model: path, path, span: nameSpan, engines, settings, knowledge, report }
  const { value, layers } = settings
  const model: ModelSpec = {
    ...DEFAULT_MODEL,
    ...readWay(context, directory),
    name,
    ttl: readTtl(context),
    keep: value('keep') ?? DEFAULT_MODEL.keep,
    priority: value('priority') ?? DEFAULT_MODEL.priority,
    aliases: value('aliases') ?? DEFAULT_MODEL.aliases,
    env: readEnv(layers('env'), report),
    minResidency: readMinResidency(context),
    resources: readResources(layers('resources'), pool, report),
    load: { ...DEFAULT_MODEL.load, ...readLayers(LOAD, layers('load'), report) },
    start: { ...DEFAULT_MODEL.start, ...readLayers(START, layers('start'), report) },
    timeouts: mergeTimeouts(timeouts, readLayers(TIMEOUTS, layers('timeouts'), report)),
    unlisted: value('unlisted') ?? DEFAULT_MODEL.unlisted,
  }
  checkLaunch(model, context)
  return {
    spec: { ...model, variants: readVariants(model, stack, context, { directory, section: sections.variant }) },
    context,
  }
}

/** `keep: always` has no ttl: one that stands beside it would be ignored, one that it inherits is meant for others. */
function readTtl(context: ModelContext): Millis | null {
  const written = context.settings.value('ttl')
  if (!isPinned(context)) return written === undefined ? DEFAULT_MODEL.ttl : written
  refuseBesideAlways('ttl', context)
  return null
}

function readMinResidency(context: ModelContext): Millis | null {
  if (!isPinned(context)) return context.settings.value('min_residency') ?? DEFAULT_MODEL.minResidency
  refuseBesideAlways('min_residency', context)
  return DEFAULT_MODEL.minResidency
}

function isPinned({ settings }: ModelContext): boolean {
  return settings.value('keep') === 'always'
}

function refuseBesideAlways(key: ModelKey, context: ModelContext): void {
  const { settings } = context
  const why = `${keyOf(key, context)} would do nothing: the model has \`keep: always\`.`
  if (settings.owns(key) || !settings.owns('keep')) conflict(key, why, 'Remove one of the two.', context)
}
