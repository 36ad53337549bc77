import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { PlanRequest } from '../../src/engine/contract.ts'

/** Ranks of one model talk through shared memory; docker gives 64 MiB by itself. */
const SHARED_MEMORY = '1g'

/** What a launch is found by among the containers of the host. */
export const INSTANCE_LABEL = 'enginehouse.instance'
export const MODEL_LABEL = 'enginehouse.model'

/** Variables that every instance gets; in the container they prove its processes, and choose its GPUs. */
const OF_THE_INSTANCE = ['ENGINEHOUSE_NONCE', 'SPT_NOENV', 'CUDA_VISIBLE_DEVICES', 'CUDA_DEVICE_ORDER'] as const

export interface Container {
  readonly request: PlanRequest
  readonly image: string
  readonly docker: string
  /** Names of variables whose values the container gets from our environment: none stands in argv. */
  readonly variables: readonly string[]
  /** The arguments of the image's own program. */
  readonly argv: readonly string[]
}

/** argv that runs an image as one of our instances, in the foreground. */
export function containerArgv({ request, image, docker, variables, argv }: Container): string[] {
  const { model, weights, directory, gpuUuids } = request
  const instance = basename(directory)
  return [
    [docker, 'run', '--name', nameOf(request)],
    // An image of many gigabytes is not fetched because a request came.
    ['--rm', '--pull', 'never'],
    ['--label', `${INSTANCE_LABEL}=${instance}`, '--label', `${MODEL_LABEL}=${model.name}`],
    // The port is one of the host's, on its loopback: who listens there can be looked up.
    ['--network', 'host', '--shm-size', SHARED_MEMORY],
    gpuUuids.length > 0 ? ['--gpus', `"device=${gpuUuids.join(',')}"`] : [],
    weights === null ? [] : ['--mount', mountOf(request, weights.path)],
    [...OF_THE_INSTANCE, ...variables].flatMap((name) => ['--env', name]),
    [image, ...argv],
  ].flat()
}

/** Ends it: when its client is gone, a container runs on. docker kills what is left after these seconds. */
export function stopCommand(docker: string, seconds: number, request: PlanRequest): string[] {
  return [docker, 'stop', '-t', String(seconds), nameOf(request)]
}

/** Of this launch alone on the whole host: another daemon may have an instance of the same name. */
function nameOf({ directory }: PlanRequest): string {
  return `enginehouse-${basename(directory)}-${createHash('sha256').update(directory).digest('hex').slice(0, 8)}`
}

/** Where the weights stand in the container: a path of this launch alone, which the engine says when it is asked. */
export function pathInside(request: PlanRequest, path: string): string {
  return `${rootInside(request)}${placeOf(path).below}`
}

function mountOf(request: PlanRequest, path: string): string {
  return `type=bind,source=${placeOf(path).repository},target=${rootInside(request)},readonly`
}

/** What the hub's tools keep are links to files beside; the whole repository has to be there. */
function placeOf(path: string): { readonly repository: string; readonly below: string } {
  const [, repository = path, below = ''] = /^(.+)(\/snapshots\/[^/]+)\/?$/.exec(path) ?? []
  return { repository, below }
}

function rootInside(request: PlanRequest): string {
  return `/${nameOf(request)}`
}
