import { resolve } from 'node:path'
import type { EngineName, ModelSpec, Source } from '../core/index.ts'
import { readArgs } from './args.ts'
import { checkCommand } from './command.ts'
import { conflict, keyOf, requireKey } from './context.ts'
import type { ModelContext } from './context.ts'
import { DEFAULT_MODEL, ENGINE_DEFAULTS } from './defaults.ts'
import { readGpus, readMemory } from './placement.ts'
import { HEALTH, readLayers } from './sections.ts'
import type { WrittenSource } from './sources.ts'

/** What a way to run a model decides: how it is launched, and what it takes. */
export type Way = Pick<
  ModelSpec,
  | 'engine'
  | 'source'
  | 'gpus'
  | 'context'
  | 'parallel'
  | 'concurrency'
  | 'memory'
  | 'args'
  | 'command'
  | 'health'
  | 'servedName'
>

/** Whole only when nothing was reported. Relative paths start at the directory. */
export function readWay(context: ModelContext, directory: string): Way {
  const { settings, knowledge, report } = context
  const { value, layers } = settings
  const engine = value('engine')
  if (engine === undefined) requireKey('engine', 'it says what kind of server runs the model', context)
  if (engine === 'llama-server') checkLlamaServer(context)
  if (engine === 'command') checkCommand(context)
  const gpus = readGpus(context)
  const usual = ENGINE_DEFAULTS[engine ?? 'command']
  const parallel = value('parallel') ?? usual.parallel
  return {
    engine: engine ?? 'command',
    source: (value('source') ?? []).map((written) => resolveSource(written, directory)),
    gpus: gpus ?? { kind: 'none' },
    context: value('context') ?? DEFAULT_MODEL.context,
    parallel,
    concurrency: value('concurrency') ?? usual.concurrency ?? parallel,
    memory: gpus ? readMemory(gpus, context) : null,
    args: engine ? readArgs(layers('args'), engine, knowledge.reservedFlags(engine), report) : [],
    ...readProgram(engine, context),
  }
}

/** Of the engine `command`, which takes what defaults say of it; of the others we know it. */
function readProgram(
  engine: EngineName | undefined,
  { settings, report }: ModelContext,
): Pick<Way, 'command' | 'health' | 'servedName'> {
  const { command, health, servedName } = DEFAULT_MODEL
  const written = readLayers(HEALTH, settings.layers('health'), report)
  if (engine !== 'command') return { command, health, servedName }
  return {
    command: settings.value('command') ?? command,
    health: { ...health, ...written },
    servedName: settings.value('served_name') ?? servedName,
  }
}

/** Keys that say how an engine that we know nothing of is run. */
const COMMAND_KEYS = ['command', 'health', 'served_name'] as const

function checkLlamaServer(context: ModelContext): void {
  requireKey('source', 'llama-server cannot start without weights', context)
  for (const key of COMMAND_KEYS) {
    const why = `${keyOf(key, context)} is for the engine command, and this model's engine is llama-server.`
    if (context.settings.owns(key)) conflict(key, why, 'Remove it, or set `engine: command`.', context)
  }
}

function resolveSource(source: WrittenSource, directory: string): Source {
  return source.kind === 'file' ? { kind: 'file', path: resolve(directory, source.path) } : source
}
