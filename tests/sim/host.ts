import type {
  Address,
  Bytes,
  Claim,
  DeviceFacts,
  DeviceId,
  EngineSignal,
  InstanceId,
  JournalRecord,
  LaunchKey,
  LaunchRecord,
  Millis,
  ModelName,
  ProcessExit,
  SpawnOrder,
} from '../../src/core/index.ts'
import { describeAddress } from '../../src/core/index.ts'
import type { Random, Timeline } from './time.ts'

/** How one launched engine will behave: drawn before it is known what the daemon will do to it. */
export interface Behaviour {
  readonly readyAfter: Millis
  /** Ends by itself this long after the spawn, or after it became ready. */
  readonly crash: { readonly when: 'loading' | 'ready'; readonly after: Millis; readonly exit: ProcessExit } | null
  /** Stops saying or doing anything while it loads. */
  readonly hangs: boolean
  /** From so long after it was ready it lives on, and is not healthy any more. */
  readonly sickAfter: Millis | null
  readonly spawnFails: boolean
  /** Somebody else already listens where it was told to. */
  readonly foreignSocket: boolean
  /** From TERM to its end; null: deaf to TERM. */
  readonly termTakes: Millis | null
  /** From KILL to its end; null: stuck in the kernel for good. */
  readonly killTakes: Millis | null
  /** Leaves a child in a session of its own, which lives until it is signalled. */
  readonly orphan: boolean
  /** From its end to the return of its memory. */
  readonly releaseLag: Millis
}

export interface SimProcess {
  readonly pid: number
  readonly startTime: string
  readonly nonce: string
  readonly instance: InstanceId
  readonly model: ModelName
  readonly leader: boolean
  readonly behaviour: Behaviour
  readonly memory: readonly Claim[]
  readonly address: Address
  readonly key: string
  readonly spawnedAt: number
  readonly byDaemon: number
  readonly lineCallbacks: ((line: string) => void)[]
  readonly lines: string[]
  readonly signals: { readonly signal: EngineSignal; readonly at: number }[]
  readonly exit: Promise<ProcessExit>
  alive: boolean
  sickSince: Millis | null
  listening: boolean
  healthy: boolean
  end(exit: ProcessExit): void
}

/** What outlives a daemon: processes, memory, the state directory's disk. Nothing here knows the scheduler. */
export interface Host {
  readonly processes: SimProcess[]
  readonly disk: Map<InstanceId, LaunchRecord>
  readonly journal: JournalRecord[]
  /** learned.json */
  learned: ReadonlyMap<LaunchKey, Millis>
  /** Free for tests to change: memory that somebody else takes. */
  readonly foreign: Map<DeviceId, Bytes>
  facts(): readonly DeviceFacts[]
  /** Held by living processes and by dead ones whose memory has not come back. */
  held(device: DeviceId): Bytes
  ghosts(device: DeviceId): Bytes
  spawn(order: SpawnOrder, behaviour: Behaviour, daemon: number, memory: readonly Claim[]): SimProcess
  listener(address: Address): SimProcess | 'foreign' | undefined
  signal(process: SimProcess, signal: EngineSignal): void
  living(): readonly SimProcess[]
}

export interface HostHooks {
  trace(line: string): void
  onExit(process: SimProcess): void
}

export function createHost(
  timeline: Timeline,
  random: Random,
  devices: readonly Omit<DeviceFacts, 'measuredFree' | 'measuredAt'>[],
  hooks: HostHooks,
): Host {
  const processes: SimProcess[] = []
  const ghosts = new Map<DeviceId, Bytes>()
  const foreign = new Map<DeviceId, Bytes>()
  const foreignSockets = new Set<string>()
  let nextPid = 1000

  const host: Host = {
    processes,
    disk: new Map(),
    journal: [],
    learned: new Map(),
    foreign,
    facts: () =>
      devices.map((device) => ({
        ...device,
        measuredFree: device.total - (foreign.get(device.id) ?? 0) - host.held(device.id),
        measuredAt: timeline.now,
      })),
    held(device) {
      let bytes = ghosts.get(device) ?? 0
      for (const process of host.living()) if (process.leader) bytes += takenBy(process, device)
      return bytes
    },
    ghosts: (device) => ghosts.get(device) ?? 0,
    spawn(order, behaviour, daemon, memory) {
      const leader = make(order, behaviour, daemon, true, memory)
      if (behaviour.orphan) {
        make(order, { ...behaviour, crash: null, termTakes: random.chance(0.7) ? 20 : null }, daemon, false, [])
      }
      run(leader)
      return leader
    },
    listener(address) {
      const where = describeAddress(address)
      if (foreignSockets.has(where)) return 'foreign'
      return host.living().find((process) => process.listening && describeAddress(process.address) === where)
    },
    signal(process, signal) {
      process.signals.push({ signal, at: timeline.now })
      hooks.trace(`signal ${process.instance} ${process.pid} ${signal}`)
      const { termTakes, killTakes } = process.behaviour
      if (signal === 'SIGTERM' && termTakes !== null)
        timeline.after(termTakes, () => process.end({ code: 0, signal: null }))
      if (signal === 'SIGKILL' && killTakes !== null)
        timeline.after(killTakes, () => process.end({ code: null, signal: 'SIGKILL' }))
    },
    living: () => processes.filter((process) => process.alive),
  }
  return host

  function make(
    order: SpawnOrder,
    behaviour: Behaviour,
    daemon: number,
    leader: boolean,
    memory: readonly Claim[],
  ): SimProcess {
    const [, instance = '', model = '', where = ''] = order.argv
    let settle = (_exit: ProcessExit): void => {}
    const exit = new Promise<ProcessExit>((resolve) => (settle = resolve))
    nextPid += 1
    const process: SimProcess = {
      pid: nextPid,
      startTime: String(timeline.now),
      nonce: order.nonce,
      instance,
      model,
      leader,
      behaviour,
      memory,
      address: where.startsWith('/')
        ? { kind: 'unix', path: where }
        : { kind: 'tcp', host: '127.0.0.1', port: Number(where) },
      key: order.env.SIM_KEY ?? '',
      spawnedAt: timeline.now,
      byDaemon: daemon,
      lineCallbacks: [],
      lines: [],
      signals: [],
      exit,
      alive: true,
      sickSince: null,
      listening: false,
      healthy: false,
      end(how) {
        if (!process.alive) return
        process.alive = false
        process.listening = false
        process.healthy = false
        hooks.trace(`exit ${process.instance} ${process.pid} ${how.code ?? how.signal}`)
        giveBack(process)
        settle(how)
        hooks.onExit(process)
      },
    }
    processes.push(process)
    hooks.trace(`spawn ${instance} ${process.pid}${leader ? '' : ' orphan'}`)
    return process
  }

  function run(process: SimProcess): void {
    const { readyAfter, crash, hangs, sickAfter, foreignSocket } = process.behaviour
    if (foreignSocket) foreignSockets.add(describeAddress(process.address))
    else process.listening = true
    const steps = hangs ? 1 : 4
    for (let step = 1; step <= steps; step += 1) {
      timeline.after((readyAfter * step) / 5, () => say(process, `loading ${step * 20} %`))
    }
    if (!hangs) {
      timeline.after(readyAfter, () => {
        if (!process.alive) return
        process.healthy = true
        say(process, 'ready')
        if (crash?.when === 'ready') timeline.after(crash.after, () => process.end(crash.exit))
        if (sickAfter !== null) timeline.after(sickAfter, () => sicken(process))
      })
    }
    if (crash?.when === 'loading') timeline.after(Math.min(crash.after, readyAfter), () => process.end(crash.exit))
  }

  function sicken(process: SimProcess): void {
    if (!process.alive) return
    process.healthy = false
    process.sickSince = timeline.now
  }

  function say(process: SimProcess, line: string): void {
    if (!process.alive) return
    process.lines.push(line)
    for (const callback of process.lineCallbacks) callback(line)
  }

  /** All of its claim, from the middle of the load on. */
  function takenBy(process: SimProcess, device: DeviceId): Bytes {
    if (timeline.now - process.spawnedAt < process.behaviour.readyAfter / 2) return 0
    return claimed(process, device)
  }

  function giveBack(process: SimProcess): void {
    if (!process.leader) return
    for (const device of devices) {
      const bytes = takenBy({ ...process, alive: true }, device.id)
      if (bytes === 0) continue
      ghosts.set(device.id, (ghosts.get(device.id) ?? 0) + bytes)
      timeline.after(process.behaviour.releaseLag, () => ghosts.set(device.id, (ghosts.get(device.id) ?? 0) - bytes))
    }
  }
}

export function claimed(process: { readonly memory: readonly Claim[] }, device: DeviceId): Bytes {
  return process.memory.reduce((sum, claim) => sum + (claim.device === device ? claim.bytes : 0), 0)
}
