import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

import type { Manifest } from '../core/index.ts'
import { EnginehouseError } from '../core/index.ts'
import type { Client } from './client.ts'
import type { Job } from './job.ts'
import { logLevelOf } from './log-level.ts'
import type { App, House } from './world.ts'

export function isGgufName(subject: string): boolean {
  return /\.gguf$/i.test(subject)
}

/** A file of that name goes before a model of that name, as a shell would have it. */
export async function isGgufFile(subject: string): Promise<boolean> {
  if (!isGgufName(subject)) return false
  return stat(subject).then(
    (facts) => facts.isFile(),
    () => false,
  )
}

/**
 * Runs a daemon of its own in this process for one GGUF file: no manifest, no state that stays. Whatever happens to
 * `use`, the daemon is stopped and its directory removed; a second interrupt hurries that.
 */
export async function withPrivateDaemon(
  job: Job,
  file: string,
  use: (client: Client, model: string) => Promise<void>,
): Promise<void> {
  const [house, { manifestForFile }] = await Promise.all([job.world.house(), import('../manifest/index.ts')])
  const manifest = await withInstalledEngine(job, house, manifestForFile(file, house.knowledge.engines))
  const [model] = manifest.models.keys()
  if (model === undefined) throw new EnginehouseError('usage', { why: `${file} gives no model.` })
  const stateDirectory = await mkdtemp(join(tmpdir(), 'enginehouse-run-'))
  try {
    job.signal.throwIfAborted()
    const app = await house.startApp({
      manifest,
      reading: null,
      stateDirectory,
      environment: job.world.environment,
      logLevel: logLevelOf(job.world.environment, 'error'),
    })
    try {
      await use(await job.client(app.adminSocket), model)
    } finally {
      await stop(job, app)
    }
  } finally {
    await rm(stateDirectory, { recursive: true, force: true })
  }
}

async function stop(job: Job, app: App): Promise<void> {
  const ends = (['SIGINT', 'SIGTERM'] as const).map((signal) => job.world.signals.on(signal, () => app.hurry()))
  try {
    await app.stop()
  } finally {
    ends.forEach((end) => end())
  }
}

/** The daemon's own state directory is empty, so that it is told where this user's state directory has the engine. */
async function withInstalledEngine(job: Job, house: House, manifest: Manifest): Promise<Manifest> {
  const { stateDirectoryAt, stateDirectoryPath } = await import('../journal/index.ts')
  const { environment } = job.world
  const path = await house.engines
    .find((engine) => engine.name === 'llama-server')
    ?.locate({
      configured: null,
      image: null,
      path: (environment['PATH'] ?? '').split(delimiter).filter((each) => each !== ''),
      installed: stateDirectoryAt(stateDirectoryPath(environment), environment).engines,
    })
  return path ? Object.freeze({ ...manifest, engines: { 'llama-server': { path } } }) : manifest
}
