import { resolve } from 'node:path'
import type { Millis, ModelName, ModelSpec, Source } from '../core/index.ts'
import { readArgs } from './args.ts'
import { checkCommand } from './command.ts'
import { readEnv } from './env.ts'
import { conflict, keyOf, requireKey } from './context.ts'
import type { Knowledge, ModelContext } from './context.ts'
import { DEFAULTS } from './limits.ts'
import { readGpus, readMemory } from './placement.ts'
import type { Report, Span } from './problems.ts'
import { HEALTH, readSection } from './sections.ts'
import type { ModelRead } from './settings.ts'
import { settingsOf } from './settings.ts'
import type { WrittenSource } from './sources.ts'

export interface ModelInput {
  readonly name: ModelName
  readonly nameSpan: Span
  readonly own: ModelRead
  readonly defaults: ModelRead | undefined
  /** From the environment; undefined when it says nothing. */
  readonly ttl: Millis | null | undefined
  readonly directory: string
}

/**
 * A model as the rest of the program sees it, from keys that were read each by itself: what depends on several of them
 * is checked here. What comes back is whole only when nothing was reported for it or for the keys.
 */
export function readModel(input: ModelInput, knowledge: Knowledge, report: Report): ModelSpec {
  const { name, nameSpan, own, defaults, ttl, directory } = input
  const settings = settingsOf(name, own, defaults, ttl)
  const context: ModelContext = { name, nameSpan, settings, knowledge, report }
  const { value } = settings
  const engine = value('engine')
  if (engine === undefined) requireKey('engine', 'it says what kind of server runs the model', context)
  if (engine === 'llama-server') checkLlamaServer(context)
  if (engine === 'command') checkCommand(context)
  const gpus = readGpus(context)
  const parallel = value('parallel') ?? DEFAULTS.parallel
  const args = engine ? readArgs(settings.layers('args'), engine, knowledge.reservedFlags(engine), report) : []
  return {
    name,
    engine: engine ?? 'command',
    source: (value('source') ?? []).map((written) => resolveSource(written, directory)),
    gpus: gpus ?? { kind: 'none' },
    context: value('context') ?? null,
    parallel,
    concurrency: value('concurrency') ?? (engine === 'command' ? DEFAULTS.commandConcurrency : parallel),
    memory: gpus ? readMemory(gpus, context) : null,
    ttl: readTtl(context),
    keep: value('keep') ?? 'auto',
    priority: value('priority') ?? 'normal',
    aliases: value('aliases') ?? [],
    args,
    env: readEnv(settings.layers('env'), report),
    command: value('command') ?? [],
    health: readHealth(context),
    servedName: value('served_name') ?? null,
    minResidency: null,
    resources: {},
    load: DEFAULTS.load,
    start: DEFAULTS.start,
    timeouts: DEFAULTS.timeouts,
    unlisted: false,
    fallback: null,
    variants: [],
  }
}

/** Keys that say how an engine that we know nothing of is run; of llama-server we know it. */
const COMMAND_KEYS = ['command', 'health', 'served_name'] as const

function checkLlamaServer(context: ModelContext): void {
  requireKey('source', 'llama-server cannot start without weights', context)
  for (const key of COMMAND_KEYS) {
    const why = `${keyOf(key, context)} is for the engine command, and this model's engine is llama-server.`
    if (context.settings.owns(key)) conflict(key, why, 'Remove it, or set `engine: command`.', context)
  }
}

/** `keep: always` has no ttl: one that stands beside it would be ignored, one that it inherits is meant for others. */
function readTtl(context: ModelContext): Millis | null {
  const { settings } = context
  const written = settings.value('ttl')
  if (settings.value('keep') !== 'always') return written === undefined ? DEFAULTS.ttl : written
  const beside = settings.owns('ttl') || !settings.owns('keep')
  const why = `${keyOf('ttl', context)} would do nothing: the model has \`keep: always\`.`
  if (beside) conflict('ttl', why, 'Remove one of the two.', context)
  return null
}

function readHealth({ settings, report }: ModelContext): ModelSpec['health'] {
  const merged = settings
    .layers('health')
    .map(({ entry, path }) => readSection(HEALTH, entry.node, path, report)?.values)
    .reduce((weak, strong) => ({ ...weak, ...strong }), {})
  return { path: merged?.path ?? DEFAULTS.healthPath, status: merged?.status ?? DEFAULTS.healthStatus }
}

function resolveSource(source: WrittenSource, directory: string): Source {
  return source.kind === 'file' ? { kind: 'file', path: resolve(directory, source.path) } : source
}
