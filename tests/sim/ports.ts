import type { Clock, EngineProcess, Gpus, ProcessRef, Processes, Records, Weights } from '../../src/core/index.ts'
import { EnginehouseError } from '../../src/core/index.ts'
import type { EngineAdapter, InstanceWorld } from '../../src/engine/index.ts'
import type { Behaviour, Host, SimProcess } from './host.ts'
import type { Random, Timeline } from './time.ts'

/** Of a look at processes, at sockets or at a route. */
export const LATEST_ANSWER = 1500
/** How often a port's answer is looked for while memory comes back. */
const RELEASE_LOOK = 50
/** Memory that is not back after this is missing. */
const RELEASE_LIMIT = 20_000

export interface PortParts {
  readonly timeline: Timeline
  readonly host: Host
  readonly random: Random
  /** False once this daemon was killed: its timers and pending answers are gone with it. */
  readonly daemon: { alive: boolean; readonly number: number }
  behaviour(model: string): Behaviour
  weightsFail(model: string): boolean
  /** Called at each spawn, before the process exists. */
  onSpawn(nonce: string, instance: string): void
  onRecords(records: Parameters<Records['append']>[0]): void
}

/** The five ports on a simulated host. */
export function createPorts(parts: PortParts): { world: InstanceWorld; weights: Weights } {
  const { timeline, host, random, daemon } = parts
  const tokens = random.fork(1)
  const delays = random.fork(2)
  const timers = random.fork(3)

  const clock: Clock = {
    now: () => timeline.now,
    // A timer of Node's may fire a moment before the clock shows its time.
    after: (delay, callback) =>
      timeline.after(delay > 1 && timers.chance(0.1) ? delay - 1 : delay, () => daemon.alive && callback()),
    random: () => tokens.next(),
    token: () => Array.from({ length: 4 }, () => tokens.int(0, 0xffffffff).toString(16).padStart(8, '0')).join(''),
  }

  /** The answer of a port comes after a while, and never to a daemon that is dead by then. */
  function answerAfter<T>(delay: number, make: () => T): Promise<T> {
    return new Promise((resolve, reject) =>
      timeline.after(delay, () => {
        if (!daemon.alive) return
        try {
          resolve(make())
        } catch (error) {
          reject(error)
        }
      }),
    )
  }

  /** Most answers come at once; some so late that the process they speak of is gone by then. */
  const looking = (): number => (delays.chance(0.03) ? delays.int(50, LATEST_ANSWER) : 1)

  let port = 20_000
  const processes: Processes = {
    bootId: 'boot',
    spawn: (order) =>
      answerAfter(delays.int(1, 8), () => {
        const instance = order.argv[1] ?? ''
        parts.onSpawn(order.nonce, instance)
        const model = order.argv[2] ?? ''
        const behaviour = parts.behaviour(model)
        if (behaviour.spawnFails) {
          const code = delays.chance(0.7) ? 'EAGAIN' : 'ENOENT'
          const cause = Object.assign(new Error(code), { code })
          throw new EnginehouseError('engine_spawn_failed', { program: 'engine', why: code }, { cause })
        }
        const claims = host.disk.get(instance)?.claims ?? []
        return engineProcess(host.spawn(order, behaviour, daemon.number, claims))
      }),
    probe: (address, path, { key }) =>
      answerAfter(looking(), () => {
        const listener = host.listener(address)
        if (listener === undefined) return { kind: 'refused' }
        if (listener === 'foreign') return { kind: 'answer', status: 200, body: '' }
        if (path === '/guarded') return { kind: 'answer', status: key === listener.key ? 200 : 401, body: '' }
        return { kind: 'answer', status: listener.healthy ? 200 : 503, body: '' }
      }),
    ownerOf: (address, identity) =>
      answerAfter(looking(), () => {
        const listener = host.listener(address)
        if (listener === undefined) return 'nobody'
        return listener !== 'foreign' && listener.nonce === identity.nonce ? 'ours' : 'foreign'
      }),
    freePort: () => answerAfter(1, () => (port += 1)),
    members: (identity) =>
      answerAfter(looking(), () => ({
        proven: host
          .living()
          .filter((process) => process.nonce === identity.nonce)
          .map(({ pid, startTime }): ProcessRef => ({ pid, startTime })),
        unproven: 0,
      })),
    activity: (identity) =>
      answerAfter(1, () => {
        const process = host.living().find(({ nonce }) => nonce === identity.nonce)
        return process === undefined ? null : { resident: process.lines.length, read: 0 }
      }),
    // Engines of the simulation share no memory.
    sharedMemory: async () => [],
    freeSharedMemory: async () => {},
    signal(reference, signal) {
      const process = host
        .living()
        .find(({ pid, startTime }) => pid === reference.pid && startTime === reference.startTime)
      if (process === undefined) return false
      host.signal(process, signal)
      return true
    },
  }

  function engineProcess(process: SimProcess): EngineProcess {
    const exited = process.exit.then((exit) => answerAfter(1, () => exit))
    return {
      identity: { nonce: process.nonce, bootId: 'boot', leader: { pid: process.pid, startTime: process.startTime } },
      exited,
      onLine: (callback) => void process.lineCallbacks.push((line) => daemon.alive && callback(line)),
      tail: () => process.lines.slice(-100),
      drained: exited.then(() => {}),
    }
  }

  const gpus: Gpus = {
    facts: () => host.facts(),
    onChange: () => {},
    async proveReleased(claims) {
      const began = timeline.now
      for (;;) {
        const ghosts = claims.filter((claim) => host.ghosts(claim.device) > 0)
        if (ghosts.length === 0) return answerAfter(1, () => ({ kind: 'released' }))
        if (timeline.now - began > RELEASE_LIMIT) {
          return {
            kind: 'missing',
            why: 'not back in time',
            missing: ghosts.map(({ device, bytes }) => ({ device, bytes })),
          }
        }
        await answerAfter(RELEASE_LOOK, () => {})
      }
    },
  }

  const records: Records = {
    makeDirectory: (instance) => answerAfter(delays.int(0, 2), () => `/run/${instance}`),
    writeLaunch: (record) => answerAfter(delays.int(1, 6), () => void host.disk.set(record.instance, record)),
    removeLaunch: (instance) => answerAfter(delays.int(0, 3), () => void host.disk.delete(instance)),
    readLaunches: () => answerAfter(2, () => [...host.disk.values()]),
    writeLearned: (loads) => void (host.learned = loads),
    append(made) {
      host.journal.push(...made)
      parts.onRecords(made)
    },
  }

  const weights: Weights = {
    fetched: () => null,
    ensure: (model) =>
      answerAfter(delays.chance(0.2) ? delays.int(100, 3000) : delays.int(0, 5), () =>
        parts.weightsFail(model.name)
          ? { kind: 'failed', code: 'weights_missing', facts: { model: model.name, path: '/weights' } }
          : { kind: 'present', weights: null },
      ),
  }

  return { world: { clock, processes, gpus, records }, weights }
}

/** An engine that knows nothing but the contract. */
export function simAdapter(): EngineAdapter {
  return {
    name: 'command',
    program: 'of_manifest',
    reads: 'any',
    defaults: { parallel: 1, concurrency: null },
    reservedFlags: new Map(),
    listens: (model) => (model.args.length > 0 ? 'socket' : 'port'),
    capabilities: () => new Set(['chat']),
    locate: () => Promise.resolve(null),
    plan: (request) => ({
      argv: [
        'engine',
        request.directory.slice('/run/'.length),
        request.model.name,
        request.address.kind === 'unix' ? request.address.path : String(request.address.port),
      ],
      env: { SIM_KEY: request.key },
      cwd: '/',
      unlink: [],
      servedName: request.model.name,
      readiness: {
        path: '/health',
        status: 200,
        timeout: 1000,
        guarded: request.model.args.length > 0 ? '/guarded' : null,
      },
      start: { stall: 8000, cap: 60_000 },
      liveness: {
        path: '/health',
        status: 200,
        every: 3000,
        timeout: 1000,
        failures: 2,
        besideWork: request.model.args.length > 0,
      },
      stop: { signal: 'SIGTERM', repeatAfter: 1000, grace: 4000 },
      reuse: 'always',
      plainAnswers: 'passed',
    }),
    parseLine: () => null,
    classifyExit: (exit) => ({
      class: exit.signal === 'SIGKILL' ? 'host_oom' : exit.code === 2 ? 'bad_config' : 'exited',
      message: `ended with ${exit.code ?? exit.signal}`,
    }),
  }
}
