import type { Patience } from '../app/programs.ts'
import { variantsOf } from '../core/index.ts'
import type { Manifest, Millis } from '../core/index.ts'
import { untilAborted } from '../lib/until-aborted.ts'
import type { KnownPrograms } from '../manifest/index.ts'
import type { Job } from './job.ts'
import type { House } from './world.ts'

/** A program that answers sooner is not worth a word. */
const QUIET: Millis = 1000

/** Who waits for the programs of engines to say which flags they know. */
export interface Waiting {
  readonly patience: Patience
  /** `shown`: a person is told what is waited for. */
  readonly progress?: 'shown'
  /** Hears of each engine with `args` whose program is not here, or has not said which flags it knows. */
  readonly unasked?: (engine: string) => void
}

/** Nothing is loaded for a manifest of engines that nobody asks. Rejects when the job is over. */
export async function askPrograms(job: Job, draft: Manifest, waiting: Waiting): Promise<KnownPrograms> {
  const house = await job.world.house()
  const ways = [...draft.models.values()].flatMap(variantsOf)
  const asked = house.engines.filter(({ name, probe }) => probe && ways.some(({ engine }) => engine === name))
  if (asked.length === 0) return new Map()
  const programs = await programsOf(job)
  const stop = waiting.progress === 'shown' ? showLate(job, asked.map(({ name }) => name).join(', ')) : () => {}
  try {
    const known = await untilAborted(programs.look(draft, waiting.patience), job.signal)
    for (const { name } of asked) {
      const isHeld = known.has(name) || !ways.some(({ engine, args }) => engine === name && args.length > 0)
      if (!isHeld) waiting.unasked?.(name)
    }
    return known
  } finally {
    stop()
  }
}

/** The version that a program of the engine tells of itself; null when it tells none. Rejects when the job is over. */
export async function askVersion(job: Job, engine: string, program: string): Promise<string | null> {
  return untilAborted((await programsOf(job)).version(engine, program), job.signal)
}

async function programsOf({ world }: Job): ReturnType<House['programs']> {
  const [house, { stateDirectoryPath }] = await Promise.all([world.house(), import('../journal/index.ts')])
  const { environment } = world
  return house.programs({ stateDirectory: stateDirectoryPath(environment), environment })
}

function showLate(job: Job, engines: string): () => void {
  const progress = job.progress()
  const late = setTimeout(() => progress.update({ label: `asking which flags are known to ${engines}` }), QUIET)
  return () => {
    clearTimeout(late)
    progress.stop()
  }
}
