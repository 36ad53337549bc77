import { stateDirectoryAt, stateDirectoryPath } from '../../journal/index.ts'
import { DEFAULT_MEMORY } from '../../manifest/index.ts'
import type { Job } from '../job.ts'
import type { ClockFacts, DaemonFacts, Facts, ManifestFacts } from './facts.ts'
import { gatherGpu, gatherHub, gatherLimits, gatherMemory, gatherProgram, programTime } from './gather-host.ts'
import { gatherManifest } from './gather-manifest.ts'
import { gatherDaemon, gatherState, modifiedAt } from './gather-state.ts'

/** Looks at this host; starts nothing that stays and changes nothing. */
export async function gather(job: Job): Promise<Facts> {
  const { environment } = job.world
  const house = await job.world.house()
  const directory = stateDirectoryAt(stateDirectoryPath(environment), environment)
  const [state, daemon, limits, hub, gpu] = await Promise.all([
    gatherState(directory),
    gatherDaemon(job, directory),
    gatherLimits(),
    gatherHub(environment),
    gatherGpu(house, environment, job.signal),
  ])
  const listening = daemon.kind === 'running' ? daemon.listen : null
  const { facts: manifest, manifest: read } = await gatherManifest(job, house, directory, listening)
  // What holds where no manifest says otherwise.
  const memory = await gatherMemory(house, read?.memory ?? DEFAULT_MEMORY)
  const clock = await gatherClock(job, manifest, daemon)
  return { program: gatherProgram(), clock, limits, memory, gpu, state, hub, manifest, daemon }
}

async function gatherClock(job: Job, manifest: ManifestFacts, daemon: DaemonFacts): Promise<ClockFacts> {
  const paths = [
    ...('path' in manifest ? [manifest.path] : []),
    ...(daemon.kind === 'running' && daemon.manifest !== null ? [daemon.manifest] : []),
  ]
  const written = await Promise.all(paths.map(async (path) => ({ path, at: await modifiedAt(path) })))
  const newest = written
    .flatMap(({ path, at }) => (at === null ? [] : [{ path, at }]))
    .toSorted((a, b) => b.at - a.at)
    .at(0)
  return { now: job.now(), programAt: programTime(), newest: newest ?? null }
}
