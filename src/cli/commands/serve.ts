import type { ManifestReading } from '../../app/configuration.ts'
import type { Manifest } from '../../core/index.ts'
import { EXIT } from '../../core/index.ts'
import type { Register } from '../command.ts'
import type { Job } from '../job.ts'
import { logLevelOf } from '../log-level.ts'
import {
  manifestPath,
  readManifestFile,
  readManifestInPlace,
  requireManifestRead,
  sayWarnings,
} from '../manifest-file.ts'
import { type OverrideOptions, withOverrides } from '../override-options.ts'
import { stopRequests } from '../stop-requests.ts'
import type { App } from '../world.ts'

export const serve: Register = (program, act) => {
  const command = program
    .command('serve')
    .summary('run the daemon in the foreground')
    .description('run the daemon in the foreground, with the manifest of -c FILE or of the usual places')
  withOverrides(command).action(
    act(async (job, flags: OverrideOptions) => {
      const path = await manifestPath(job, undefined)
      const read = await requireManifestRead(
        job,
        await readManifestFile(job, path, { flags, programs: { patience: 'short' } }),
      )
      await sayWarnings(job, read)
      const { manifest, settings } = read
      const { overrideNotices } = await import('../../manifest/index.ts')
      overrideNotices(job.world.environment).forEach((notice) => job.note(notice))
      const reading: ManifestReading = {
        settings,
        again: () => readManifestFile(job, path, { flags, programs: { patience: 'short' } }),
        text: (text) => readManifestInPlace(job, path, text, { flags, programs: { patience: 'long' } }),
      }
      return runDaemon(job, { manifest, reading, flags })
    }),
  )
}

interface Order {
  readonly manifest: Manifest
  readonly reading: ManifestReading
  readonly flags: OverrideOptions
}

/**
 * Serves until it is told to stop. That is 0 for SIGINT too: nothing was cut short, a daemon that shut down as asked
 * has done its work, and a supervisor must not take it for a crash.
 */
async function runDaemon(job: Job, order: Order): Promise<number> {
  const signals = job.takeSignals()
  const requests = stopRequests(signals)
  // One that comes while the daemon starts is for the manifest that it has just read.
  let app: App | null = null
  const hangups = signals.on('SIGHUP', () => void app?.reload('signal'))
  try {
    const started = await start(job, order)
    app = started
    announce(job, started, order.manifest.models.size)
    await requests.first
    job.note('Stopping: running requests may end. Interrupt again to hurry.')
    requests.onSecond(() => started.hurry())
    await started.stop()
    return EXIT.ok
  } finally {
    requests.end()
    hangups()
  }
}

async function start(job: Job, { manifest, reading, flags }: Order): Promise<App> {
  const { environment } = job.world
  const [{ startApp }, { stateDirectoryPath }] = await Promise.all([
    job.world.house(),
    import('../../journal/index.ts'),
  ])
  return startApp({
    manifest,
    reading,
    stateDirectory: stateDirectoryPath(environment),
    environment,
    logLevel: logLevelOf(environment, 'info', flags.logLevel),
  })
}

/** The one line on stdout; who waits for the daemon waits for it. */
function announce(job: Job, app: App, models: number): void {
  if (job.options.json) return job.printJson({ listening: app.address, models, admin_socket: app.adminSocket })
  const count = models === 1 ? '1 model' : `${models} models`
  job.print(`Listening on ${app.address} — ${count}; admin socket ${app.adminSocket}\n`)
}
