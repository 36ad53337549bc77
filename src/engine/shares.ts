import type { ModelSpec, Tokens, WeightsFacts } from '../core/index.ts'
import type { GpuShare } from './contract.ts'

/** Tokens of one request when the manifest does not say: the model's own, but no more than this. */
const DEFAULT_CONTEXT: Tokens = 8192
/** Digits of the fraction of a device: a ten-thousandth of 80 GiB is 8 MiB. */
const FRACTION_DIGITS = 4

export function contextOf(model: ModelSpec, weights: WeightsFacts): Tokens {
  return model.context ?? Math.min(weights.trainedContext ?? DEFAULT_CONTEXT, DEFAULT_CONTEXT)
}

/** How many GPUs a model will be placed on; 0 on the host. */
export function gpuCountOf({ gpus }: ModelSpec): number {
  switch (gpus.kind) {
    case 'none':
      return 0
    case 'any':
      return 1
    case 'count':
      return gpus.count
    case 'list':
      return gpus.gpus.length
    default:
      return gpus satisfies never
  }
}

/**
 * The claim as a fraction of a device, for engines that fill what they are given. One fraction holds for all GPUs, so
 * the smallest share decides. Rounded down. CUDA counts a little less than the driver (81,078 of 81,559 MiB on one
 * card): a share of the driver's total never takes more than the claim.
 */
export function fractionOf(shares: readonly GpuShare[]): string {
  const smallest = Math.min(...shares.map(({ claim, total }) => claim / total), 1)
  const scale = 10 ** FRACTION_DIGITS
  return (Math.floor(smallest * scale) / scale).toFixed(FRACTION_DIGITS)
}

/** The text of a flag in `args`, in whatever spelling; undefined for one that is not there, is bare or is repeated. */
export function argumentOf(model: ModelSpec, flag: string): string | undefined {
  const found = model.args.find(([name]) => name.replace(/^-+/, '').replaceAll('_', '-') === flag)?.[1]
  return typeof found === 'string' ? found : undefined
}
