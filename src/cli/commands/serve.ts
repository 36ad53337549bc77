import type { Manifest } from '../../core/index.ts'
import { EXIT } from '../../core/index.ts'
import type { Register } from '../command.ts'
import type { Job } from '../job.ts'
import { logLevelOf } from '../log-level.ts'
import { manifestPath, readManifestFile, requireManifest } from '../manifest-file.ts'
import { type OverrideOptions, withOverrides } from '../override-options.ts'
import { stopRequests } from '../stop-requests.ts'
import type { App } from '../world.ts'

export const serve: Register = (program, act) => {
  const command = program
    .command('serve')
    .description('run the daemon in the foreground, with the manifest of -c FILE or of the usual places')
  withOverrides(command).action(
    act(async (job, flags: OverrideOptions) => {
      const path = await manifestPath(job, undefined)
      const manifest = await requireManifest(job, await readManifestFile(job, path, flags))
      const { overrideNotices } = await import('../../manifest/index.ts')
      overrideNotices(job.world.environment).forEach((notice) => job.note(notice))
      return runDaemon(job, manifest, flags)
    }),
  )
}

/**
 * Serves until it is told to stop. That is 0 for SIGINT too: nothing was cut short, a daemon that shut down as asked
 * has done its work, and a supervisor must not take it for a crash.
 */
async function runDaemon(job: Job, manifest: Manifest, flags: OverrideOptions): Promise<number> {
  const signals = job.takeSignals()
  const requests = stopRequests(signals)
  const ignored = signals.on('SIGHUP', () => {
    job.note('SIGHUP: reloading the manifest is not supported by this version; the daemon goes on with the one it has.')
  })
  try {
    const app = await start(job, manifest, flags)
    announce(job, app, manifest.models.size)
    await requests.first
    job.note('Stopping: running requests may end. Interrupt again to hurry.')
    requests.onSecond(() => app.hurry())
    await app.stop()
    return EXIT.ok
  } finally {
    requests.end()
    ignored()
  }
}

async function start(job: Job, manifest: Manifest, { logLevel }: OverrideOptions): Promise<App> {
  const { environment } = job.world
  const [{ startApp }, { stateDirectoryPath }] = await Promise.all([
    job.world.house(),
    import('../../journal/index.ts'),
  ])
  return startApp({
    manifest,
    stateDirectory: stateDirectoryPath(environment),
    environment,
    logLevel: logLevelOf(environment, 'info', logLevel),
  })
}

/** The one line on stdout; who waits for the daemon waits for it. */
function announce(job: Job, app: App, models: number): void {
  if (job.options.json) return job.printJson({ listening: app.address, models, admin_socket: app.adminSocket })
  const count = models === 1 ? '1 model' : `${models} models`
  job.print(`Listening on ${app.address} — ${count}; admin socket ${app.adminSocket}\n`)
}
