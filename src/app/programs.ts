import { delimiter } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { EnginehouseError, variantsOf } from '../core/index.ts'
import type { EngineName, Manifest, Millis, ModelSpec } from '../core/index.ts'
import { adapterFor, probe, unknownIn, type Adapters, type EngineAdapter, type ProgramFacts } from '../engine/index.ts'
import type { KnownProgram, KnownPrograms } from '../manifest/index.ts'
import { askProgram, programFile } from '../process/index.ts'
import { createProbeCache, type ProbeKey } from './probe-cache.ts'

/**
 * How long a start or a reload waits for a program that nobody has asked yet. llama-server has printed its help in
 * 50 ms, with the libraries of a GPU in a second; vLLM takes 10 s, and is asked on while the daemon serves.
 */
const SHORT: Millis = 2000

/** `short`: of a daemon that starts. `long`: of a person who wants to know; what speaks against a flag is asked anew. */
export type Patience = 'short' | 'long'

/** What the engines' programs on this host know, asked once as long as their files do not change. */
export interface Programs {
  /** Of every engine that a model of the manifest names, where it is here and was understood. */
  look(manifest: Pick<Manifest, 'models' | 'engines'>, patience: Patience): Promise<KnownPrograms>
  /** The version that a program of this engine tells; null when it tells none. Kept like what it knows. */
  version(engine: EngineName, program: string): Promise<string | null>
  /** Throws engine_flag_unknown and engine_program_unfit. What was not said yet is asked, and stands against nothing. */
  admit(adapter: EngineAdapter, model: ModelSpec, path: string): Promise<void>
  /** Ends what is being asked; nothing is asked any more. */
  stop(): Promise<void>
}

export interface ProgramsParts {
  readonly adapters: Adapters
  readonly environment: NodeJS.ProcessEnv
  /** `engines/` of the state directory. */
  readonly installed: string
}

export function createPrograms({ adapters, environment, installed }: ProgramsParts): Programs {
  const cache = createProbeCache(installed)
  const ending = new AbortController()
  /** By question and file: what was said to this process, and what is being asked. */
  const said = new Map<string, ProgramFacts>()
  const asked = new Map<string, Promise<ProgramFacts>>()
  const path = (environment['PATH'] ?? '').split(delimiter).filter((each) => each !== '')

  return {
    async look({ models, engines }, patience) {
      const ways = [...models.values()].flatMap(variantsOf)
      const found = await Promise.all(
        adapters.map(async (adapter): Promise<readonly [EngineName, KnownProgram] | null> => {
          const own = ways.filter(({ engine }) => engine === adapter.name)
          const { path: configured = null, image = null } = engines[adapter.name] ?? {}
          // An image brings a program of its own.
          if (adapter.probe === undefined || own.length === 0 || image !== null) return null
          const program = await locate(adapter, configured)
          const known = program === null ? null : await know(adapter, program, own, patience)
          return known && [adapter.name, known]
        }),
      )
      return new Map(found.filter((each) => each !== null))
    },
    async version(engine, program) {
      const adapter = adapterFor(adapters, engine)
      const { name, key } = await question(adapter, program)
      const facts = said.get(name) ?? (key && (await cache.read(key))) ?? (await ask(adapter, program))
      return facts.version
    },
    async admit(adapter, model, program) {
      const { name, key } = await question(adapter, program)
      const facts = said.get(name) ?? (key && (await cache.read(key)))
      const known = facts && knownProgram(adapter, program, facts)
      const refusal = known && refusalOf(known, model)
      if (refusal) throw refusal
      // Nobody waits for it here: until it is known, the engine itself says what it does not know.
      if (!known && !said.has(name)) void ask(adapter, program).catch(() => undefined)
    },
    async stop() {
      ending.abort()
      await Promise.allSettled(asked.values())
    },
  }

  async function locate(adapter: EngineAdapter, configured: string | null): Promise<string | null> {
    try {
      return await adapter.locate({ configured, image: null, path, installed })
    } catch (error) {
      if (error instanceof EnginehouseError && error.code === 'engine_not_installed') return null
      throw error
    }
  }

  async function know(
    adapter: EngineAdapter,
    program: string,
    ways: readonly ModelSpec[],
    patience: Patience,
  ): Promise<KnownProgram | null> {
    const { name, key } = await question(adapter, program)
    const kept = said.get(name) ?? (key && (await cache.read(key)))
    const known = kept && knownProgram(adapter, program, kept)
    // A wrapper stays as it is when what it runs is updated: nobody who can wait is refused by what was said before.
    if (known && (patience === 'short' || ways.every((way) => refusalOf(known, way) === null))) return known
    const facts = await (patience === 'long' ? ask(adapter, program) : within(SHORT, ask(adapter, program)))
    return facts && knownProgram(adapter, program, facts)
  }

  /** At most once at a time. Rejects when the house is left. */
  async function ask(adapter: EngineAdapter, program: string): Promise<ProgramFacts> {
    const { name, key } = await question(adapter, program)
    const running = asked.get(name)
    if (running) return running
    const asking = probe(adapter.probe ?? null, (args) =>
      askProgram({ program, args, environment, signal: ending.signal }),
    ).then(async (facts) => {
      said.set(name, facts)
      if (key) await cache.write(key, facts)
      return facts
    })
    asked.set(name, asking)
    const over = (): void => void asked.delete(name)
    asking.then(over, over)
    return asking
  }
}

interface Question {
  readonly name: string
  /** Null for a program that cannot be looked at. */
  readonly key: ProbeKey | null
}

async function question({ probe: questions }: EngineAdapter, program: string): Promise<Question> {
  const file = await programFile(program)
  const key = file && { ...file, help: questions?.help ?? [] }
  return { name: JSON.stringify([program, key]), key }
}

/** Null for a program whose help was not understood. */
function knownProgram(adapter: EngineAdapter, path: string, { version, flags }: ProgramFacts): KnownProgram | null {
  return flags && { path, version, unknownIn: (model) => unknownIn(adapter, flags, model) }
}

/** What a manifest with this model is refused by, where its program has been asked; null when nothing is. */
export function refusalOf(
  { path: program, version, unknownIn: look }: KnownProgram,
  model: ModelSpec,
): EnginehouseError | null {
  const facts = { engine: model.engine, version, program }
  const { args, own } = look(model)
  const [first] = args
  if (first) {
    const { flag, nearest } = first
    return new EnginehouseError('engine_flag_unknown', { ...facts, flag, nearest })
  }
  return own.length > 0 ? new EnginehouseError('engine_program_unfit', { ...facts, flags: own }) : null
}

/** Null when it takes longer; what it was goes on. */
async function within<T>(time: Millis, done: Promise<T>): Promise<T | null> {
  const waited = new AbortController()
  const over = sleep(time, null, { signal: waited.signal }).catch(() => null)
  // Nobody may be left to hear of a failure.
  done.catch(() => undefined)
  try {
    return await Promise.race([done, over])
  } finally {
    waited.abort()
  }
}
