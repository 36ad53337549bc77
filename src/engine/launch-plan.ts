import { HOST } from '../core/index.ts'
import type { Address, EngineProcess, Launch, ModelSpec, Processes, WeightsFacts } from '../core/index.ts'
import type { EngineAdapter, EnginePlan, GpuShare, PlanRequest } from './contract.ts'
import type { ReadinessOrder } from './readiness.ts'

/** A unix socket's path must stay under this many bytes, or the kernel refuses it. */
const SOCKET_PATH_LIMIT = 100

export interface InstanceOrder {
  readonly launch: Launch
  readonly model: ModelSpec
  readonly adapter: EngineAdapter
  readonly binary: string | null
  readonly weights: WeightsFacts | null
  readonly gpuUuids: readonly string[]
  readonly gpuIndices: readonly number[]
  readonly gpuShares: readonly GpuShare[]
  readonly image: string | null
  readonly cacheDirectory: string
  readonly manifestDirectory: string
  /** The part of the daemon's environment that engines may see. */
  readonly environment: Readonly<Record<string, string>>
}

export interface LaunchPlace {
  readonly processes: Pick<Processes, 'freePort'>
  /** The instance's own 0700 directory. */
  readonly directory: string
  readonly key: string
}

/** What the adapter is asked for one launch: the order, with the addresses that are the launch's alone. */
export async function planRequest(order: InstanceOrder, place: LaunchPlace): Promise<PlanRequest> {
  const { adapter, launch, model, binary, image, weights, cacheDirectory, manifestDirectory } = order
  const { gpuUuids, gpuIndices, gpuShares } = order
  const { processes, directory, key } = place
  const address = await chooseAddress(order, place)
  const ports: number[] = []
  while (ports.length < (adapter.extraPorts ?? 0)) ports.push(await processes.freePort())
  return {
    model,
    binary,
    image,
    weights,
    directory,
    cacheDirectory,
    manifestDirectory,
    address,
    ports,
    key,
    gpuUuids,
    gpuIndices,
    gpuShares,
    hostClaim: launch.claims.find(({ device }) => device === HOST)?.bytes ?? 0,
  }
}

async function chooseAddress({ adapter, model }: InstanceOrder, place: LaunchPlace): Promise<Address> {
  const path = `${place.directory}/engine.sock`
  if (adapter.listens(model) === 'socket' && path.length < SOCKET_PATH_LIMIT) return { kind: 'unix', path }
  return { kind: 'tcp', host: '127.0.0.1', port: await place.processes.freePort() }
}

/** The engine's whole environment: what it may see of the daemon's, the manifest's, the plan's, its GPUs; the later wins. */
export function environmentOf(order: InstanceOrder, plan: EnginePlan): Record<string, string> {
  return {
    ...order.environment,
    ...order.model.env,
    ...plan.env,
    CUDA_VISIBLE_DEVICES: order.gpuUuids.join(','),
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
  }
}

/** How a start is compared with what was asked for; null for an engine that cannot tell. */
export function comparisonOf(
  { compare }: EngineAdapter,
  asked: PlanRequest,
  running: Pick<EngineProcess, 'tail'>,
): ReadinessOrder['comparison'] {
  if (compare === undefined) return null
  return { path: compare.path, shortfall: (answer) => compare.shortfall(asked, answer, running.tail()) }
}
