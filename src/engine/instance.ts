import { isResource } from '../core/index.ts'
import type {
  Activity,
  Address,
  Clock,
  DeviceId,
  Bytes,
  Drain,
  EngineProcess,
  ExitDetail,
  FailureClass,
  Gpus,
  InstanceId,
  Instant,
  Phase,
  ProcessIdentity,
  Processes,
  Records,
  SharedSegment,
  SpawnOrder,
} from '../core/index.ts'
import type { EnginePlan, PlanRequest } from './contract.ts'
import { endLaunch } from './end-launch.ts'
import { createHearing, type Hearing } from './hearing.ts'
import { comparisonOf, environmentOf, planRequest, type InstanceOrder } from './launch-plan.ts'
import { watchLiveness } from './liveness.ts'
import { waitUntilReady } from './readiness.ts'
import { startFailure } from './start-failure.ts'
import { createOnce, createPulse, sleep } from './wait.ts'

/** Of a load that is the reading of weights; what follows, its buffers and a first trial of them, cannot be seen. */
const READING = 0.9

export interface InstanceWorld {
  readonly clock: Clock
  readonly processes: Processes
  readonly gpus: Gpus
  readonly records: Records
}

/** What an instance tells the supervisor; each of the others at most once, `exited` before `released` or `stuck`. */
export interface InstanceEvents {
  /** Each line of its output; the only one that comes more than once. */
  line(text: string): void
  ready(): void
  exited(failure: FailureClass, detail: ExitDetail): void
  released(): void
  stuck(missing: readonly { device: DeviceId; bytes: Bytes }[], why: string): void
}

/** The supervisor's hold on its requests. */
export interface InstanceLeases {
  /** Settles when nobody holds a lease, at once when nobody does. */
  whenUnused(): Promise<void>
  /** Destroys what is still connected: engines do not end while a socket is open. */
  cut(): void
  /** Nobody holds a lease or waits for one. */
  isIdle(): boolean
}

export interface Instance {
  readonly id: InstanceId
  readonly phase: Phase
  readonly address: Address | null
  readonly key: string
  readonly plan: EnginePlan | null
  readonly pid: number | null
  readonly startedAt: Instant
  readonly readyAt: Instant | null
  readonly hearing: Pick<Hearing, 'progress' | 'step' | 'figures'>
  tail(): readonly string[]
  /** It answers nobody any more, as its requests tell: the same as a crash. Does nothing unless it is ready. */
  condemn(why: string): void
  /** Begins the stop ladder; a later call can only tighten the drain. Safe in every phase. */
  stop(drain: Drain): void
}

/**
 * One life of one engine process, from the launch record to the proof that its memory came back.
 *
 *   stop() while starting   the start is given up, no `ready` follows
 *   stop() while ready      draining: running answers finish within the drain, then upstream sockets are cut
 *   condemn() while ready   `exited` as unhealthy, upstream sockets are cut, then the ladder
 *   exit while starting     `exited`, then the sweep
 *   exit while ready        `exited`, upstream sockets are cut, then the sweep
 *   exit while draining     `exited`, then the sweep
 *   afterwards              stop() changes nothing
 */
export function startInstance(
  world: InstanceWorld,
  order: InstanceOrder,
  events: InstanceEvents,
  leases: InstanceLeases,
): Instance {
  const { clock, processes, gpus, records } = world
  const { launch, adapter } = order
  const key = clock.token()
  const stopRequested = createOnce()
  const condemned = createOnce()
  let unhealthy: string | null = null
  const drainChanged = createPulse()
  const output = createPulse()
  let drain: Drain | null = null
  let process: EngineProcess | null = null
  /** How its process was made; null when none was. */
  let spawned: SpawnOrder | null = null
  let sharedMemory: readonly SharedSegment[] = []
  let identity: ProcessIdentity = { nonce: clock.token(), bootId: processes.bootId, leader: null }
  let asked: PlanRequest | null = null
  let plan: EnginePlan | null = null
  let address: Address | null = null
  let phase: Phase = 'starting'
  let readyAt: Instant | null = null
  const hearing = createHearing()
  const startedAt = clock.now()

  void live()

  return {
    id: launch.instance,
    key,
    startedAt,
    hearing,
    get phase() {
      return phase
    },
    get address() {
      return address
    },
    get plan() {
      return plan
    },
    get pid() {
      return identity.leader?.pid ?? null
    },
    get readyAt() {
      return readyAt
    },
    tail: () => process?.tail() ?? [],
    condemn(why) {
      if (phase !== 'ready') return
      unhealthy ??= why
      condemned.settle()
    },
    stop(wanted) {
      drain = tighter(drain, wanted)
      if (phase === 'ready') phase = 'draining'
      stopRequested.settle()
      drainChanged.beat()
    },
  }

  async function live(): Promise<void> {
    const running = await start().catch((error: unknown) => {
      crashed(startFailure(error), { message: messageOf(error), code: null, signal: null })
      return null
    })
    if (running !== null) await serve(running)
    leases.cut()
    await end()
  }

  /** Intent before effect: the record with the nonce is on disk before there is a process. */
  async function start(): Promise<EngineProcess | null> {
    const directory = await records.makeDirectory(launch.instance)
    asked = await planRequest(order, { processes, directory, key })
    address = asked.address
    plan = adapter.plan(asked)
    await writeRecord(plan)
    if (stopRequested.settled) return null
    const { argv, cwd, unlink } = plan
    const spawning = { argv, env: environmentOf(order, plan), cwd, directory, nonce: identity.nonce, unlink }
    process = await processes.spawn(spawning)
    spawned = spawning
    identity = process.identity
    process.onLine(heard)
    return process
  }

  async function serve(running: EngineProcess): Promise<void> {
    if (plan === null || address === null) return
    const over = Promise.race([running.exited, stopRequested.promise])
    const comparison = asked && comparisonOf(adapter, asked, running)
    const start = { clock, processes, process: running, address, key, plan, output, over, comparison, onActivity }
    // The nonce is on disk, which is enough to find the process by; its pid and start time make that quicker.
    const named = writeRecord(plan)
    const outcome = await Promise.all([waitUntilReady(start), named]).then(
      ([settled]) => settled,
      // The system would not tell what the proof needs (too many open files, say).
      (error: unknown) => ({ kind: 'gave_up', class: 'spawn_failed', message: messageOf(error) }) as const,
    )
    if (outcome.kind === 'gave_up') {
      crashed(outcome.class, { message: outcome.message, code: null, signal: null })
      return
    }
    if (outcome.kind === 'ready') {
      phase = 'ready'
      readyAt = clock.now()
      hearing.end()
      events.ready()
      void noteSharedMemory(plan)
      const watchEnded = Promise.race([over, condemned.promise])
      const isIdle = (): boolean => leases.isIdle()
      const silent = await watchLiveness({ clock, processes, address, key, plan, isIdle, over: watchEnded })
      unhealthy ??= silent
    }
    if (unhealthy !== null && !stopRequested.settled)
      crashed('unhealthy', { message: unhealthy, code: null, signal: null })
    else if (stopRequested.settled) await drainRequests(running)
    else await exitedByItself(running)
  }

  /** Of pages that are mapped the one figure tells, of bytes that are read into buffers the other, or both. */
  function onActivity({ resident, read }: Activity): void {
    if (adapter.loadsByReading === undefined || order.weights === null) return
    const share = Math.min(Math.max(resident, read) / order.weights.bytes, 1)
    hearing.take({ kind: 'progress', fraction: READING * share })
  }

  /** Running answers may finish, as long as the drain allows; an exit meanwhile is a crash like any other. */
  async function drainRequests(running: EngineProcess): Promise<void> {
    let unused = readyAt === null
    let exited = false
    void leases.whenUnused().then(() => (unused = true))
    void running.exited.then(() => (exited = true))
    while (!unused && !exited) {
      const left = drain?.kind === 'until' ? drain.at - clock.now() : Number.POSITIVE_INFINITY
      if (left <= 0) break
      const wakers = [leases.whenUnused(), running.exited, drainChanged.next()]
      await (left === Number.POSITIVE_INFINITY ? Promise.race(wakers) : sleep(clock, left, ...wakers))
    }
    if (exited && !unused) await exitedByItself(running)
  }

  async function exitedByItself(running: EngineProcess): Promise<void> {
    const exit = await running.exited
    await running.drained
    const { class: failure, message } = adapter.classifyExit(exit, running.tail())
    crashed(failure, { message, code: exit.code, signal: exit.signal })
  }

  function crashed(failure: FailureClass, detail: Omit<ExitDetail, 'logTail'>): void {
    phase = 'failed'
    events.exited(failure, { ...detail, logTail: process?.tail() ?? [] })
  }

  /** The ladder, then the proof. Until `released` the claim counts. */
  async function end(): Promise<void> {
    if (phase !== 'failed') phase = 'stopping'
    const stop = plan?.stop ?? { signal: 'SIGTERM', repeatAfter: null, grace: 0 }
    const exited = process?.exited ?? Promise.resolve()
    const result = await endLaunch({
      clock,
      processes,
      identity,
      stop,
      spawned,
      exited,
      sharedMemory,
      onLine: heard,
    })
    if (result.survivors.length > 0) {
      phase = 'stuck'
      const pids = result.survivors.map((member) => member.pid).join(', ')
      events.stuck(launch.claims, `process ${pids} did not end after KILL`)
      return
    }
    phase = 'releasing'
    // A resource is only counted: it is back with the process.
    const proof = await gpus.proveReleased(launch.claims.filter(({ device }) => !isResource(device)))
    await records.removeLaunch(launch.instance)
    if (proof.kind === 'missing') {
      phase = 'stuck'
      events.stuck(proof.missing, proof.why)
      return
    }
    phase = 'gone'
    events.released()
  }

  /** All of it is there once it is ready. When every process is killed at once, nobody can tell any more. */
  async function noteSharedMemory(made: EnginePlan): Promise<void> {
    sharedMemory = await processes.sharedMemory(identity).catch(() => [])
    if (sharedMemory.length > 0 && phase === 'ready') await writeRecord(made).catch(() => {})
  }

  function writeRecord(made: EnginePlan): Promise<void> {
    return records.writeLaunch({
      instance: launch.instance,
      model: launch.model,
      identity,
      claims: launch.claims,
      startedAt,
      argv: made.argv,
      end: { stop: made.stop, cwd: made.cwd },
      ...(sharedMemory.length > 0 && { sharedMemory }),
    })
  }

  function heard(line: string): void {
    const event = adapter.parseLine(line)
    if (event !== null) hearing.take(event)
    output.beat()
    events.line(line)
  }
}

function tighter(current: Drain | null, wanted: Drain): Drain {
  if (current === null || current.kind === 'finish') return wanted
  if (wanted.kind === 'finish') return current
  return wanted.at < current.at ? wanted : current
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
