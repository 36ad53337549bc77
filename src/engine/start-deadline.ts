import { MIB } from '../core/index.ts'
import type { Bytes, Millis, ModelSpec, WeightsFacts } from '../core/index.ts'
import type { StartDeadline } from './contract.ts'

/** What any engine may take: imports, compilation, warm-up. */
const CAP_BASE: Millis = 10 * 60_000
/** The slowest disk that weights are expected on, per second. */
const SLOWEST_READ: Bytes = 20 * MIB

/** As the manifest says; by itself it scales with the weights, so that a large model on a slow disk is not taken for a hung engine. */
export function startDeadline({ load }: ModelSpec, weights: WeightsFacts | null): StartDeadline {
  const reading = Math.ceil((weights?.bytes ?? 0) / SLOWEST_READ) * 1000
  return { stall: load.stall, cap: load.timeout ?? CAP_BASE + reading }
}
