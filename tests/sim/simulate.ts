import { createHash } from 'node:crypto'
import { createSupervisor, type Supervisor } from '../../src/supervisor/index.ts'
import { diffManifests } from '../../src/manifest/index.ts'
import { startClient, type Client } from './clients.ts'
import { editManifest } from './edits.ts'
import { createHost, type Behaviour } from './host.ts'
import { createChecker } from './invariants.ts'
import { createPorts, simAdapter } from './ports.ts'
import { makeScenario, ordinaryBehaviour, VIRTUAL_SPAN, type ScenarioEvent } from './scenario.ts'
import { createRandom, Timeline } from './time.ts'

export interface SimulationResult {
  readonly seed: number
  readonly violations: readonly string[]
  /** Of everything that happened, in order. */
  readonly trace: string
  readonly events: number
  readonly virtualSpan: number
  readonly counts: Readonly<Record<string, number>>
}

/** After the last event of a schedule, everything that can end has ended by then. */
const AFTERMATH = 15 * 60_000
const LAST_DRAIN = 40_000
const FAILS_TO_LOAD: Partial<Behaviour> = { crash: { when: 'loading', after: 30, exit: { code: 1, signal: null } } }
/** A schedule that needs more has a loop in it. */
const EVENT_LIMIT = 400_000

/** Runs one schedule on the real scheduler, supervisor and instances; only the five ports are simulated. */
export async function simulate(seed: number, onLine: (line: string) => void = () => {}): Promise<SimulationResult> {
  const random = createRandom(seed)
  const timeline = new Timeline()
  const scenario = makeScenario(random.fork(1))
  const behaviours = random.fork(2)
  const hash = createHash('sha256')
  const violations: string[] = []
  const counts: Record<string, number> = {}
  const clients: Client[] = []
  const startedAt = timeline.now
  let manifest = scenario.manifest
  let launches = 0
  let daemon: { supervisor: Supervisor; life: { alive: boolean; number: number }; ready: boolean } | null = null
  let daemons = 0
  let events = 0

  const host = createHost(timeline, random.fork(3), scenario.devices, { trace, onExit: () => {} })
  const checker = createChecker(timeline, host, () => clients, violation)
  const onRejection = (reason: unknown): void =>
    violation('BUG', `unhandled rejection: ${String(reason instanceof Error ? reason.stack : reason)}`)
  process.on('unhandledRejection', onRejection)
  try {
    startDaemon()
    for (const { at, event } of scenario.events) timeline.after(at, () => happen(event))
    await runUntil(startedAt + VIRTUAL_SPAN + 1)
    await runUntil(timeline.now + AFTERMATH)
    checker.checkSettled()
    if (daemon !== null) stopDaemon(LAST_DRAIN, null)
    await runUntil(timeline.now + 4 * LAST_DRAIN)
    checker.checkEnd()
  } finally {
    process.off('unhandledRejection', onRejection)
  }
  return { seed, violations, trace: hash.digest('hex'), events, virtualSpan: timeline.now - startedAt, counts }

  async function runUntil(end: number): Promise<void> {
    let over = false
    timeline.at(end, () => (over = true))
    while (!over && events < EVENT_LIMIT) {
      const run = timeline.next()
      if (run === null) break
      events += 1
      try {
        run()
      } catch (error) {
        violation('BUG', String(error instanceof Error ? error.stack : error))
      }
      await new Promise(setImmediate)
      checker.check()
      if (violations.length > 20) return
    }
    if (events >= EVENT_LIMIT) violation('BUG', `no end after ${EVENT_LIMIT} events`)
  }

  function violation(id: string, what: string): void {
    const line = `${id}: ${what}`
    if (violations.includes(line)) return
    violations.push(line)
    onLine(`+${timeline.now - startedAt} VIOLATION ${line}`)
  }

  function trace(line: string): void {
    hash.update(`${timeline.now} ${line}\n`)
    const kind = line.split(' ', 1)[0] ?? ''
    counts[kind] = (counts[kind] ?? 0) + 1
    onLine(`+${timeline.now - startedAt} ${line}`)
  }

  function startDaemon(): void {
    if (daemon !== null) return
    daemons += 1
    const life = { alive: true, number: daemons }
    const { world, weights } = createPorts({
      timeline,
      host,
      random: random.fork(100 + daemons),
      daemon: life,
      behaviour: nextBehaviour,
      weightsFail: () => behaviours.chance(0.02),
      onSpawn: checker.onSpawn,
      onRecords(records) {
        for (const record of records)
          trace(`${record.kind} ${record.model ?? ''} ${record.instance ?? ''} ${JSON.stringify(record.evidence)}`)
        checker.onRecords(records)
      },
    })
    checker.onManifest(manifest)
    const supervisor = createSupervisor({
      world,
      weights,
      manifest,
      adapters: [simAdapter()],
      places: { path: [], installed: '/engines' },
      environment: {},
      firstSequence: (host.journal.at(-1)?.seq ?? 0) + 1,
      learned: host.learned,
      version: 'sim',
      onOutput: () => {},
    })
    const started = { supervisor, life, ready: false }
    daemon = started
    trace(`daemon ${daemons}`)
    void supervisor.start().then(() => {
      if (!life.alive) return
      started.ready = true
      checker.onDaemon(supervisor.view)
      checker.onRecovered(life.number)
      // It may have been edited while the daemon was starting.
      reload(supervisor)
    })
  }

  function nextBehaviour(model: string): Behaviour {
    const fault = model === scenario.stubborn ? FAILS_TO_LOAD : scenario.launchFaults.get(launches)
    launches += 1
    return { ...ordinaryBehaviour(behaviours), ...fault }
  }

  function happen(event: ScenarioEvent): void {
    trace(`event ${JSON.stringify(event)}`)
    switch (event.kind) {
      case 'request':
        if (daemon?.ready) ask(daemon.supervisor, event)
        return
      case 'operator':
        if (daemon?.ready) operate(daemon.supervisor, event)
        return
      case 'kill_engine': {
        const engines = host.living().filter((process) => process.leader && process.behaviour.killTakes !== null)
        if (engines.length > 0) behaviours.pick(engines).end({ code: null, signal: event.signal })
        return
      }
      case 'kill_daemon':
        killDaemon()
        timeline.after(event.downFor, startDaemon)
        return
      case 'shutdown':
        stopDaemon(event.deadline, event.hurryAfter, () => timeline.after(event.downFor, startDaemon))
        return
      case 'foreign_memory': {
        const device = behaviours.pick(scenario.devices).id
        // Somebody else can only take what is free, and not what an engine was promised: that would be an engine's own
        // failure to allocate, which the crashes while loading stand for.
        const free = daemon?.supervisor.view.devices().find((each) => each.id === device)?.free ?? 0
        if (free < event.bytes) return
        host.foreign.set(device, event.bytes)
        timeline.after(event.lasts, () => host.foreign.delete(device))
        return
      }
      case 'edit':
        manifest = editManifest(manifest, createRandom(event.seed), scenario.gpus)
        if (daemon?.ready) reload(daemon.supervisor)
        return
      default:
        event satisfies never
    }
  }

  function reload({ manifest: before, operations }: Supervisor): void {
    if (before === manifest) return
    checker.onManifest(manifest)
    void operations.reload(manifest, diffManifests(before, manifest), 'file').done.then(() => trace('done reload'))
  }

  function ask(supervisor: Supervisor, event: Extract<ScenarioEvent, { kind: 'request' }>): void {
    // The clients' front refuses what it does not know.
    if (supervisor.view.resolve(event.model) === undefined) return
    const id = `r${clients.length}`
    clients.push(
      startClient(timeline, supervisor.admission, id, event, {
        onRelease: (lease) => checker.onRelease(lease.instance),
        onEnd: ended,
      }),
    )
  }

  function ended(client: Client): void {
    checker.onOutcome(client)
    trace(`outcome ${client.id} ${client.outcomes.join()} ${client.refusal ?? ''}`)
  }

  function operate({ operations }: Supervisor, event: Extract<ScenarioEvent, { kind: 'operator' }>): void {
    const { model } = event
    if (operations.view.resolve(model) === undefined) return
    const commands = {
      load: () => operations.load(model),
      unload: () => operations.unload(model),
      unload_all: () => operations.unloadAll(),
      pin: () => operations.pin(model, event.for > 10_000 ? null : timeline.now + event.for),
      unpin: () => operations.unpin(model),
      restart: () => operations.restart(model),
    }
    // What a load meets is told to its operator; here only that it is told matters.
    commands[event.command]().done.then(
      () => trace(`done ${event.command} ${model}`),
      (error: unknown) => trace(`done ${event.command} ${model} ${String(error)}`),
    )
  }

  function killDaemon(): void {
    if (daemon === null) return
    daemon.life.alive = false
    forget()
  }

  function forget(): void {
    daemon = null
    checker.onDaemon(null)
    for (const client of clients) client.lose()
  }

  function stopDaemon(grace: number, hurryAfter: number | null, then: () => void = () => {}): void {
    const stopped = daemon
    if (stopped === null || !stopped.ready) return
    stopped.ready = false
    void stopped.supervisor.shutdown(timeline.now + grace).then(() => {
      if (!stopped.life.alive) return
      trace('stopped')
      stopped.life.alive = false
      const open = clients.filter((client) => client.outcomes.length === 0).length
      if (open > 0) violation('R10', `${open} requests have no outcome at the end of a shutdown`)
      checker.checkEnd()
      forget()
      then()
    })
    if (hurryAfter !== null)
      timeline.after(hurryAfter, () => stopped.life.alive && void stopped.supervisor.shutdown(timeline.now))
  }
}
