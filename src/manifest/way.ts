import { resolve } from 'node:path'
import type { EngineName, GpuRequest, ModelSpec, Source } from '../core/index.ts'
import { readArgs } from './args.ts'
import { checkCommand } from './command.ts'
import { conflict, keyOf, requireKey } from './context.ts'
import type { ModelContext } from './context.ts'
import { DEFAULT_MODEL } from './defaults.ts'
import { readGpus, readMemory, readOffload } from './placement.ts'
import { HEALTH, readLayers, STOP } from './sections.ts'
import type { WrittenSource } from './sources.ts'

/** What a way to run a model decides: how it is launched, and what it takes. */
export type Way = Pick<
  ModelSpec,
  'engine' | 'source' | 'gpus' | 'context' | 'parallel' | 'concurrency' | 'memory' | 'offload' | 'args' | keyof Program
>

/** Of the engine `command`. */
type Program = Pick<ModelSpec, 'command' | 'cwd' | 'health' | 'capabilities' | 'servedName' | 'stop'>

/**
 * Whole only when nothing was reported. Relative paths start at the directory. For a variant with the model's own way,
 * of which it inherits what it does not change: what is wrong with that was reported there.
 */
export function readWay(context: ModelContext, directory: string, base?: Way): Way {
  const { settings, knowledge, report } = context
  const { value, layers } = settings
  const written = value('engine')
  if (written === undefined && !base) requireKey('engine', 'it says what kind of server runs the model', context)
  const engine = written ?? base?.engine ?? 'command'
  const asked = readGpus(context)
  const gpus: GpuRequest = asked ?? { kind: 'none' }
  checkEngine(engine, gpus, context, base)
  // Unknown only where the engine was reported.
  const known = knowledge.engines.find(({ name }) => name === engine)
  const parallel = value('parallel') ?? known?.defaults.parallel ?? 1
  const inherits = base !== undefined && !settings.owns('memory') && !settings.owns('gpus')
  return {
    engine,
    source: (value('source') ?? []).map((source) => resolveSource(source, directory)),
    gpus,
    context: value('context') ?? DEFAULT_MODEL.context,
    parallel,
    concurrency: value('concurrency') ?? known?.defaults.concurrency ?? parallel,
    memory: inherits ? base.memory : asked ? readMemory(asked, context) : null,
    offload: asked && known ? readOffload(known, asked, context) : DEFAULT_MODEL.offload,
    args: known ? readArgs(layers('args'), known, report) : [],
    ...readProgram(engine, directory, context),
  }
}

/** Reports what an engine needs and does not get, or gets and cannot use. */
function checkEngine(engine: EngineName, gpus: GpuRequest, context: ModelContext, base: Way | undefined): void {
  if (context.settings.value('engine') === undefined) return
  if (engine !== 'command') {
    if (base?.engine !== engine) checkServer(engine, context)
    return
  }
  if (base?.engine !== engine) checkCommand(context)
  const known = base?.engine === engine && base.gpus.kind !== 'none'
  if (gpus.kind === 'none' || known) return
  requireKey('memory', 'nobody else knows what a command takes of a GPU', context)
}

/** Of the engine `command`, which takes what defaults say of it; of the others we know it. */
function readProgram(engine: EngineName, directory: string, { settings, report }: ModelContext): Program {
  const { command, cwd, health, capabilities, servedName, stop } = DEFAULT_MODEL
  const { value, layers } = settings
  const writtenHealth = readLayers(HEALTH, layers('health'), report)
  const writtenStop = readLayers(STOP, layers('stop'), report)
  if (engine !== 'command') return { command, cwd, health, capabilities, servedName, stop }
  return {
    command: value('command') ?? command,
    cwd: resolveDirectory(value('cwd') ?? '.', directory),
    health: { ...health, ...writtenHealth },
    capabilities: value('capabilities') ?? capabilities,
    servedName: value('served_name') ?? servedName,
    stop: { ...stop, ...writtenStop },
  }
}

/** Null is the manifest's own: a launch stays the same where a manifest without `cwd` is moved. */
function resolveDirectory(path: string, directory: string): string | null {
  const whole = resolve(directory, path)
  return whole === resolve(directory) ? null : whole
}

/** Keys that say how an engine that we know nothing of is run. */
const COMMAND_KEYS = ['command', 'cwd', 'health', 'capabilities', 'served_name', 'stop'] as const

function checkServer(engine: EngineName, context: ModelContext): void {
  const { reads } = context.knowledge.engines.find(({ name }) => name === engine) ?? {}
  if (reads !== 'any') requireKey('source', `${engine} cannot start without weights`, context)
  for (const key of COMMAND_KEYS) {
    // A variant may be run by a command.
    if (context.engines.has('command')) return
    const why = `${keyOf(key, context)} is for the engine command, and this model's engine is ${engine}.`
    if (context.settings.owns(key)) conflict(key, why, 'Remove it, or set `engine: command`.', context)
  }
}

function resolveSource(source: WrittenSource, directory: string): Source {
  return source.kind === 'file' ? { kind: 'file', path: resolve(directory, source.path) } : source
}
