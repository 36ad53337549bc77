import { type Input, type InstanceId, type Launch, type ModelName, type Usage } from '../core/index.ts'
import { adapterFor, startInstance, type Adapters, type Instance, type InstanceWorld } from '../engine/index.ts'
import { openLeaseBook, type LeaseBook, type SlotWaiter } from './leases.ts'
import type { Prepared } from './prepare.ts'

/** The living instances with their lease books; what they say is posted as inputs. */
export interface Instances {
  start(launch: Launch, prepared: Prepared): void
  get(id: InstanceId): Instance | undefined
  book(id: InstanceId): LeaseBook | undefined
  /** The open book of the model's ready instance. */
  openBook(model: ModelName): LeaseBook | undefined
  /** A manifest came: open books take its limits. */
  relimit(): void
  /** No more leases; whoever waited for a slot is wanted again. */
  close(id: InstanceId): void
  usage(): ReadonlyMap<InstanceId, Usage>
}

export interface InstancesParts {
  readonly world: InstanceWorld
  /** Where relative paths of the manifest start. */
  directory(): string
  readonly adapters: Adapters
  readonly environment: Readonly<Record<string, string>>
  /** A directory per engine is made in it, for what engines compile. */
  readonly caches: string
  post(input: Input): void
  requeue(waiters: readonly SlotWaiter[]): void
  isWatched(id: InstanceId): boolean
  onOutput(model: ModelName, line: string): void
  /** How many requests the launch may have at once, as the manifest says now. */
  concurrency(launch: Launch): number
}

export function createInstances(parts: InstancesParts): Instances {
  const { world, adapters, post } = parts
  const living = new Map<InstanceId, Instance>()
  const books = new Map<InstanceId, LeaseBook>()
  const open = new Map<ModelName, LeaseBook>()
  const launches = new Map<InstanceId, Launch>()

  return {
    start,
    get: (id) => living.get(id),
    book: (id) => books.get(id),
    openBook: (model) => open.get(model),
    relimit() {
      for (const [model, book] of open) {
        const launch = launches.get(book.offer.instance)
        if (launch?.model === model) book.relimit(parts.concurrency(launch))
      }
    },
    close,
    usage: () => new Map([...books].map(([id, book]) => [id, book.usage])),
  }

  function start(launch: Launch, prepared: Prepared): void {
    const id = launch.instance
    const facts = world.gpus.facts()
    const gpus = launch.claims.flatMap(({ device, bytes }) =>
      facts.flatMap((each) => (each.id === device && each.kind === 'gpu' ? [{ ...each, claim: bytes }] : [])),
    )
    const instance = startInstance(
      world,
      {
        launch,
        model: launch.spec,
        adapter: adapterFor(adapters, launch.spec.engine),
        binary: prepared.binary,
        weights: prepared.weights,
        gpuUuids: gpus.map((gpu) => gpu.id),
        gpuIndices: gpus.map((gpu) => gpu.index),
        gpuShares: gpus.map(({ claim, total }) => ({ claim, total })),
        image: prepared.image,
        cacheDirectory: `${parts.caches}/${launch.spec.engine}`,
        manifestDirectory: parts.directory(),
        environment: parts.environment,
      },
      {
        line: (text) => parts.onOutput(launch.model, text),
        ready() {
          openBookFor(id, instance)
          const { figures } = instance.hearing
          post({ kind: 'ready', instance: id, ...(figures && { figures }) })
        },
        exited(failure, detail) {
          post({ kind: 'exited', instance: id, class: failure, detail })
          close(id)
        },
        released() {
          forget(id)
          post({ kind: 'released', instance: id })
        },
        stuck(missing, why) {
          forget(id)
          post({ kind: 'stuck', instance: id, missing, why })
        },
      },
      {
        whenUnused: () => books.get(id)?.whenUnused() ?? Promise.resolve(),
        cut: () => books.get(id)?.cut(),
        isIdle: () => {
          const usage = books.get(id)?.usage
          return usage === undefined || (usage.leases === 0 && usage.waiting === 0)
        },
      },
    )
    living.set(id, instance)
    launches.set(id, launch)

    function openBookFor(instanceId: InstanceId, ready: Instance): void {
      if (ready.address === null || ready.plan === null)
        throw new RangeError(`instance ${instanceId} is ready without an address`)
      const offer = {
        instance: instanceId,
        model: launch.model,
        address: ready.address,
        servedName: ready.plan.servedName,
        key: ready.key,
        reuse: ready.plan.reuse,
        plainAnswers: ready.plan.plainAnswers,
        loadTime: (ready.readyAt ?? ready.startedAt) - ready.startedAt,
        readyAt: ready.readyAt ?? ready.startedAt,
      }
      const book = openLeaseBook(world.clock, offer, parts.concurrency(launch), {
        idle: () => {
          if (parts.isWatched(instanceId)) post({ kind: 'idle', instance: instanceId })
        },
        stalled: (answers) => ready.condemn(`${answers} requests in a row got no byte in the time that they have`),
      })
      books.set(instanceId, book)
      open.set(launch.model, book)
    }
  }

  function close(id: InstanceId): void {
    const book = books.get(id)
    if (book === undefined) return
    if (open.get(book.offer.model) === book) open.delete(book.offer.model)
    parts.requeue(book.close())
  }

  function forget(id: InstanceId): void {
    living.delete(id)
    launches.delete(id)
    books.delete(id)
  }
}
