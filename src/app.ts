import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { delimiter } from 'node:path'

import { ADAPTERS } from '../engines/index.ts'
import { createEngineLogs, type EngineOutput, registerAdmin } from './admin/index.ts'
import { createConfiguration, type KeptConfiguration, type ManifestReading } from './app/configuration.ts'
import { engineFacts } from './app/engine-facts.ts'
import { createPrograms, type Programs } from './app/programs.ts'
import { tellOfUnfit, withAdmission } from './app/unfit.ts'
import { sentenceOf } from './core/index.ts'
import type { Instant, JournalRecord, Manifest, Millis, Records, ReloadTrigger } from './core/index.ts'
import { adapterFor, type Adapters } from './engine/index.ts'
import { createGateway } from './gateway/index.ts'
import { createHostMemory } from './gpu/index.ts'
import {
  acquireLock,
  createLearnedWriter,
  createRecords,
  describe,
  describeDamage,
  openJournal,
  openStateDirectory,
  readLearned,
  writeDaemonFile,
} from './journal/index.ts'
import { leadsToJournal } from './lib/journal-stream.ts'
import { createSystemClock } from './lib/system-clock.ts'
import { createReloader, describeListen, watchManifest, type Reload } from './manifest/index.ts'
import { packageVersion } from './lib/package-version.ts'
import { allowedEnvironment, closeStrayDescriptors, createProcesses } from './process/index.ts'
import { createSupervisor, type Supervisor } from './supervisor/index.ts'
import { createMetrics, openLogs, type Logger, type LogLevel, type Logs, type Metrics } from './telemetry/index.ts'
import { createWeights } from './weights/index.ts'

/** From the first signal, running and waiting requests may finish for this long. */
export const SHUTDOWN_DRAIN: Millis = 30_000

export interface AppOptions {
  /** Those of this version where it is left out. */
  readonly adapters?: Adapters
  /** What their programs know, where somebody has asked already. */
  readonly programs?: Programs
  readonly manifest: Manifest
  /** How the manifest was read; null for one that has no file. */
  readonly reading: ManifestReading | null
  readonly stateDirectory: string
  readonly environment: NodeJS.ProcessEnv
  readonly logLevel: LogLevel
}

export interface App {
  /** Where clients reach it: an URL, or `unix:/path`. */
  readonly address: string
  readonly adminSocket: string
  /** Reads the manifest again. Null where it has no file. */
  reload(trigger: ReloadTrigger): Promise<Reload> | null
  /** Drains, takes every engine down and resolves when nothing is left. */
  stop(): Promise<void>
  /** Shortens a stop that is under way: what still runs is ended now. */
  hurry(): void
}

/**
 * Builds the house and opens its doors. In this order, and ended in the opposite one whether it is stopped or a step
 * fails: state directory and lock, journal, what an earlier daemon left, then the listeners.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const ends: (() => Promise<void>)[] = []
  const closeAll = async (): Promise<void> => {
    for (const end of ends.toReversed()) await end()
  }
  try {
    return await build(options, ends, closeAll)
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function build(
  { adapters = ADAPTERS, programs: given, manifest, reading, stateDirectory, environment, logLevel }: AppOptions,
  ends: (() => Promise<void>)[],
  closeAll: () => Promise<void>,
): Promise<App> {
  closeStrayDescriptors()
  const version = packageVersion()
  const metrics = createMetrics({ version })
  const clock = createSystemClock()
  const startedAt: Instant = clock.now()

  const state = await openStateDirectory(stateDirectory, environment)
  const lock = await acquireLock(state)
  ends.push(() => lock.release())
  const ownLogs = openOwnLogs(state.logs, environment, logLevel)
  const { log } = ownLogs
  ends.push(() => ownLogs.close())
  const journal = await openJournal({
    directory: state.journal,
    onDamage: (damage) => log.warn({ damage }, describeDamage(damage)),
  })
  ends.push(() => journal.close())
  const learned = await readLearned(state.learnedFile, (why) =>
    log.warn(
      { path: state.learnedFile, why },
      `What was learned of loads could not be read (${why}); it is learned anew.`,
    ),
  )
  const learnedWriter = createLearnedWriter(state.learnedFile, (error) =>
    log.warn({ path: state.learnedFile, error }, 'What was learned of loads could not be written.'),
  )
  ends.push(() => learnedWriter.settled())
  const records = createRecords({
    directory: state,
    journal,
    learned: learnedWriter,
    onDamaged: ({ path, why }) =>
      log.warn({ path, why }, `A launch record could not be read (${why}); it is at ${path}.`),
  })

  const weights = createWeights({
    directory: state.weights,
    reads: (engine) => adapterFor(adapters, engine).reads,
    manifestDirectory: manifest.directory,
    environment: allowedEnvironment(environment, 'package_client'),
    onProgress: (model, progress) => log.debug({ model, ...progress }, `Weights of ${model}: ${progress.kind}.`),
  })
  ends.push(() => weights.stop())
  const gpus = createHostMemory({ share: manifest.memory.host })
  const logs = createEngineLogs({ state, view: () => supervisor.view, now: clock.now })
  const places = {
    path: (environment.PATH ?? '').split(delimiter).filter((each) => each !== ''),
    installed: state.engines,
  }
  const programs = given ?? createPrograms({ adapters, environment, installed: state.engines })
  ends.push(() => programs.stop())
  const tellOfPrograms = (read: Manifest): void =>
    void tellOfUnfit(read, programs, log).catch((error: unknown) =>
      log.debug({ error }, 'What the programs of the engines know was not found out.'),
    )
  const supervisor: Supervisor = createSupervisor({
    world: {
      clock,
      processes: createProcesses(),
      gpus,
      records: observed(records, { metrics, log, engineLogs: logs }),
    },
    weights,
    manifest,
    adapters: withAdmission(adapters, programs),
    places,
    environment: allowedEnvironment(environment, 'engine'),
    firstSequence: journal.nextSequence,
    learned,
    version,
    onOutput: logs.say,
  })
  const configuration: KeptConfiguration | null =
    reading &&
    createConfiguration({
      reading,
      current: () => supervisor.manifest,
      reload: () => (reload ? reload('operator') : Promise.resolve({ kind: 'unchanged' })),
      ground: { stateDirectory: state.path, adapters },
    })
  const reload: ((trigger: ReloadTrigger) => Promise<Reload>) | null =
    manifest.path === null || configuration === null
      ? null
      : createReloader({
          path: manifest.path,
          read: configuration.reread,
          current: () => supervisor.manifest,
          apply(next, diff, trigger) {
            gpus.setShare(next.memory.host)
            tellOfPrograms(next)
            return supervisor.operations.reload(next, diff, trigger)
          },
          refused: (evidence) => supervisor.operations.refuseReload(evidence),
          warned(warnings) {
            for (const { code, facts, file, line } of warnings) {
              log.warn({ code, file, line }, `${file}:${line}: ${sentenceOf(code, facts)}`)
            }
          },
        })
  const gateway = createGateway({
    admission: supervisor.admission,
    view: supervisor.view,
    metrics,
    log,
    access: ownLogs.access,
    limits: { maxBody: manifest.server.maxBody },
    manifest: () => supervisor.manifest,
    hostNames: [hostname()],
  })
  let address: string | null = null
  await registerAdmin(gateway.app, {
    operations: supervisor.operations,
    journal,
    logs,
    daemonLog: ownLogs,
    requests: gateway.requests,
    totals: metrics.totals,
    kinds: adapters,
    engines: () => engineFacts(supervisor.manifest, adapters, places),
    version,
    startedAt,
    listen: () => address,
    manifest: manifest.path,
    configuration,
    isLocal: ({ raw }) => gateway.isLocal(raw),
    stateDirectory: state.path,
    now: clock.now,
  })

  const deadline = new AbortController()
  ends.push(async () => {
    const at = deadline.signal.aborted ? clock.now() : clock.now() + SHUTDOWN_DRAIN
    const cancel = clock.after(at - clock.now(), () => deadline.abort())
    await Promise.all([gateway.drain({ deadlineSignal: deadline.signal }), supervisor.shutdown(at), weights.stop()])
    cancel()
    await rm(state.daemonFile, { force: true })
  })
  const bound = await gateway.listen(manifest.server.listen)
  address = bound.kind === 'tcp' ? `http://${describeListen(bound)}` : describeListen(bound)
  await gateway.listenLocal(state.adminSocket)
  // Only with the port in hand: what is kept is loaded now, and what came meanwhile is answered.
  await supervisor.start()
  await writeDaemonFile(state, {
    version,
    pid: process.pid,
    startedAt,
    listen: address,
    adminSocket: state.adminSocket,
  })
  tellOfPrograms(manifest)
  log.info({ address, models: manifest.models.size, state: state.path }, `Listening on ${address}.`)
  if (manifest.path !== null && reload !== null) {
    const watch = watchManifest(
      manifest.path,
      () => void reload('file'),
      (error) =>
        log.warn({ error }, 'The manifest cannot be watched for changes; SIGHUP and `enginehouse apply` reload it.'),
    )
    ends.push(() => Promise.resolve(watch.close()))
  }

  let stopping: Promise<void> | null = null
  return {
    address,
    adminSocket: state.adminSocket,
    reload: (trigger) => reload?.(trigger) ?? null,
    stop: () => (stopping ??= closeAll()),
    hurry() {
      deadline.abort()
      void supervisor.shutdown(clock.now())
    },
  }
}

/** Under systemd its journal keeps, rotates and filters lines; files beside it would be a second copy. */
function openOwnLogs(directory: string, environment: NodeJS.ProcessEnv, level: LogLevel): Logs {
  if (leadsToJournal(environment)) return openLogs({ level, directory: null, stderr: 'journal' })
  return openLogs({ level, directory, stderr: process.stderr.isTTY ? 'terminal' : 'stream' })
}

interface Readers {
  readonly metrics: Metrics
  readonly log: Logger
  readonly engineLogs: Pick<EngineOutput, 'observe'>
}

/** Everything that is journaled is also counted and logged, and tells whose output comes: one source, four readers. */
function observed(records: Records, { metrics, log, engineLogs }: Readers): Records {
  return {
    ...records,
    async removeLaunch(instance) {
      try {
        await records.removeLaunch(instance)
      } catch (error) {
        // What it names is gone; the next start finds that out and removes it.
        log.warn({ instance, error }, `The launch record of ${instance} could not be removed.`)
      }
    },
    append(made) {
      records.append(made)
      for (const record of made) {
        metrics.observe(record)
        engineLogs.observe(record)
        logRecord(record, log)
      }
    },
  }
}

/** What happens with every cold request is for debugging; what fails is a warning. */
function logRecord(record: JournalRecord, log: Logger): void {
  const { seq, kind, model, instance } = record
  const facts = { seq, kind, ...(model ? { model } : {}), ...(instance ? { instance } : {}) }
  const level = QUIET.has(kind) ? 'debug' : LOUD.has(kind) ? 'warn' : 'info'
  if (log.isLevelEnabled(level)) log[level](facts, describe(record))
}

const QUIET: ReadonlySet<JournalRecord['kind']> = new Set(['wanted', 'gave_up', 'answered', 'fetch', 'late'])
const LOUD: ReadonlySet<JournalRecord['kind']> = new Set([
  'crashed',
  'model_failed',
  'stuck',
  'leftover',
  'manifest_refused',
])
