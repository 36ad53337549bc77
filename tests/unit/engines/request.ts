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
    weights: WEIGHTS,
    directory: '/run/i1',
    manifestDirectory: '/etc/enginehouse',
    address: { kind: 'unix', path: '/run/i1/engine.sock' },
    key: 'k3y',
    gpuUuids: [],
    gpuIndices: [],
    ...different,
  }
}
