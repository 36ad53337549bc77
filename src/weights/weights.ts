import { EnginehouseError } from '../core/index.ts'
import type {
  Bytes,
  EngineName,
  Facts,
  ModelName,
  ModelSpec,
  Source,
  Weights,
  WeightsFacts,
  WeightsResult,
} from '../core/index.ts'
import { sweepStaging } from '../lib/staging.ts'
import { systemReason } from '../lib/system-reason.ts'
import { fetchByExec } from './exec-source.ts'
import type { ExecSource } from './exec-source.ts'
import { inspectWeights } from './inspect.ts'
import type { Reads } from './inspect.ts'
import type { WeightsProgress } from './progress.ts'
import { findStored } from './store.ts'

export interface WeightsOptions {
  /** `weights/` of the state directory; made when something is stored. */
  readonly directory: string
  /** What each engine of the house reads. */
  readonly reads: (engine: EngineName) => Reads
  /** Where the programs of `exec` sources run. */
  readonly manifestDirectory: string
  /** What those programs see of the daemon's environment. */
  readonly environment: Readonly<Record<string, string>>
  /** Called for each model that waits, also for one that joined a fetch of another. Must not throw. */
  readonly onProgress: (model: ModelName, progress: WeightsProgress) => void
}

/** The weights port, and its end: `stop` aborts what is being fetched and settles when no program of ours runs. */
export interface WeightsRoom extends Weights {
  stop(): Promise<void>
}

/** One fetch of one digest, with everybody who waits for it. */
interface Job {
  readonly source: ExecSource
  readonly models: Set<ModelName>
  readonly done: Promise<string>
}

export function createWeights(options: WeightsOptions): WeightsRoom {
  const jobs = new Map<string, Job>()
  const fetched = new Map<ModelName, Bytes>()
  const ending = new AbortController()
  // Leftovers of dead processes go even when nobody asks; a failure is told to the first who needs the directory.
  const swept = sweepStaging(options.directory).then(
    () => null,
    (error: unknown) => error,
  )

  return { ensure, fetched: (model) => fetched.get(model) ?? null, stop }

  async function ensure(model: ModelSpec): Promise<WeightsResult> {
    if (model.source.length === 0) return { kind: 'present', weights: null }
    const failures: EnginehouseError[] = []
    for (const source of model.source) {
      try {
        return { kind: 'present', weights: await obtain(model, source) }
      } catch (error) {
        const failure = asFailure(model, error)
        if (failure.code === 'shutting_down') return resultOf(failure)
        failures.push(failure)
        if (model.source.length > 1) {
          options.onProgress(model.name, { kind: 'source_failed', code: failure.code, facts: failure.facts })
        }
      }
    }
    return resultOf(summarise(model, failures))
  }

  async function obtain(model: ModelSpec, source: Source): Promise<WeightsFacts> {
    if (source.kind === 'file') return inspectWeights(model, source.path, options.reads(model.engine))
    try {
      return await inspectWeights(model, await obtainByExec(model, source), options.reads(model.engine))
    } finally {
      fetched.delete(model.name)
    }
  }

  /** One fetch per digest. Who joined a fetch that failed runs its own source, unless it is the very same. */
  async function obtainByExec(model: ModelSpec, source: ExecSource): Promise<string> {
    for (;;) {
      const running = jobs.get(source.sha256)
      if (running === undefined) return start(model, source).done
      running.models.add(model.name)
      try {
        return await running.done
      } catch (error) {
        if (sameProgram(running.source, source)) throw error
      }
    }
  }

  function start(model: ModelSpec, source: ExecSource): Job {
    const models = new Set([model.name])
    const done = findOrFetch(model, source, models).finally(() => jobs.delete(source.sha256))
    const job: Job = { source, models, done }
    jobs.set(source.sha256, job)
    return job
  }

  async function findOrFetch(model: ModelSpec, source: ExecSource, models: ReadonlySet<ModelName>): Promise<string> {
    const tell = (progress: WeightsProgress): void => {
      for (const name of models) {
        if (progress.kind === 'fetching') fetched.set(name, progress.bytes)
        options.onProgress(name, progress)
      }
    }
    const failedSweep = await swept
    if (failedSweep !== null) throw failedSweep
    if (ending.signal.aborted) throw new EnginehouseError('shutting_down', {})
    const found = await findStored(options.directory, source.sha256)
    if (found.kind === 'present') return found.path
    if (found.kind === 'discarded') tell(found)
    return fetchByExec({
      source,
      model: model.name,
      directory: options.directory,
      manifestDirectory: options.manifestDirectory,
      environment: options.environment,
      signal: ending.signal,
      onProgress: tell,
    })
  }

  async function stop(): Promise<void> {
    ending.abort()
    await Promise.allSettled([...jobs.values()].map((job) => job.done))
  }
}

function sameProgram(one: ExecSource, other: ExecSource): boolean {
  return one.argv.length === other.argv.length && one.argv.every((argument, index) => argument === other.argv[index])
}

/** A full disk or a missing permission is as much the fetch's failure as the program's end. */
function asFailure(model: ModelSpec, error: unknown): EnginehouseError {
  if (error instanceof EnginehouseError) {
    const failure: EnginehouseError = error
    const facts: Facts = failure.facts
    // A joined fetch failed in the name of the model that started it.
    return 'model' in facts ? new EnginehouseError(failure.code, { ...failure.facts, model: model.name }) : failure
  }
  return new EnginehouseError('weights_fetch_failed', { model: model.name, why: systemReason(error) }, { cause: error })
}

function summarise(model: ModelSpec, failures: readonly EnginehouseError[]): EnginehouseError {
  const [only, ...others] = failures
  if (only !== undefined && others.length === 0) return only
  const all = failures.map((failure, index) => `${index + 1}. ${failure.message}`)
  return new EnginehouseError('weights_fetch_failed', {
    model: model.name,
    why: `none of its ${failures.length} sources worked: ${all.join(' ')}`.replace(/\.$/, ''),
  })
}

function resultOf(failure: EnginehouseError): WeightsResult {
  return { kind: 'failed', code: failure.code, facts: failure.facts }
}
