import type { ModelSpec } from '../../../src/core/index.ts'
import type { PlanRequest } from '../../../src/engine/contract.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'

const WEIGHTS = {
  path: '/weights/model.gguf',
  bytes: 1000,
  architecture: 'llama',
  trainedContext: 2048,
} as const

/** A launch on the host over a socket; a test says what is different. */
export function planRequest(model: Partial<ModelSpec> = {}, different: Partial<PlanRequest> = {}): PlanRequest {
  return {
    model: modelSpec(model),
    binary: '/opt/llama-server',
    image: null,
    weights: WEIGHTS,
    directory: '/run/i1',
    cacheDirectory: '/state/engines/cache/x',
    manifestDirectory: '/etc/enginehouse',
    address: { kind: 'unix', path: '/run/i1/engine.sock' },
    ports: [20002, 20003],
    key: 'k3y',
    gpuUuids: [],
    gpuIndices: [],
    gpuShares: [],
    hostClaim: 0,
    ...different,
  }
}
