import { basename } from 'node:path'
import type { PlanRequest } from '../../src/engine/contract.ts'

/** Ranks of one model talk through shared memory; docker gives 64 MiB by itself. */
const SHARED_MEMORY = '1g'

/** What a launch is found by among the containers of the host. */
export const INSTANCE_LABEL = 'enginehouse.instance'
export const MODEL_LABEL = 'enginehouse.model'

/** Variables that every instance gets; in the container they prove its processes, and choose its GPUs. */
const OF_THE_INSTANCE = ['ENGINEHOUSE_NONCE', 'SPT_NOENV', 'CUDA_VISIBLE_DEVICES', 'CUDA_DEVICE_ORDER'] as const

/**
 * Runs a container in the foreground and stops it by name: `docker run` passes a signal on only while it is attached to
 * a container, and its own end leaves the container running. TERM before there is a container ends the client. `wait`
 * is interrupted by the trap; it is asked again until the client is gone.
 */
const SCRIPT = `
docker=$1 name=$2 seconds=$3
shift 3
trap '"$docker" stop -t "$seconds" "$name" >/dev/null 2>&1 || kill "$client"' TERM
"$docker" run --name "$name" "$@" &
client=$!
while wait "$client"; code=$?; kill -0 "$client" 2>/dev/null; do :; done
exit "$code"
`

export interface Container {
  readonly request: PlanRequest
  readonly image: string
  readonly docker: string
  /** Seconds from the signal until docker kills what is left. */
  readonly grace: number
  /** Names of variables whose values the container gets from our environment: none stands in argv. */
  readonly variables: readonly string[]
  /** The arguments of the image's own program. */
  readonly argv: readonly string[]
}

/** argv that runs an image as one of our instances. */
export function containerArgv({ request, image, docker, grace, variables, argv }: Container): string[] {
  const { model, weights, directory, gpuUuids } = request
  const instance = basename(directory)
  return [
    ['/bin/sh', '-c', SCRIPT, 'tgi', docker, `enginehouse-${instance}`, String(grace)],
    // An image of many gigabytes is not fetched because a request came.
    ['--rm', '--pull', 'never'],
    ['--label', `${INSTANCE_LABEL}=${instance}`, '--label', `${MODEL_LABEL}=${model.name}`],
    // The port is one of the host's, on its loopback: who listens there can be looked up.
    ['--network', 'host', '--shm-size', SHARED_MEMORY],
    gpuUuids.length > 0 ? ['--gpus', `"device=${gpuUuids.join(',')}"`] : [],
    weights === null ? [] : ['--mount', mountOf(weights.path)],
    [...OF_THE_INSTANCE, ...variables].flatMap((name) => ['--env', name]),
    [image, ...argv],
  ].flat()
}

/** The weights stand in the container where they stand outside. What the hub's tools keep are links to files beside. */
function mountOf(path: string): string {
  const [, repository] = /^(.+)\/snapshots\/[^/]+\/?$/.exec(path) ?? []
  const place = repository ?? path
  return `type=bind,source=${place},target=${place},readonly`
}
