import type { Bytes } from '../core/index.ts'
import { formatBytes } from '../core/index.ts'
import { plain } from './render/paint.ts'

export interface Lack {
  readonly device: string
  readonly needed: Bytes
  /** 0 where there is no such device. */
  readonly largest: Bytes
}

/** Why a model can never run here, after its name. */
export function lackText({ device, needed, largest }: Lack): string {
  if (largest === 0 && device === 'GPU') return 'asks for more GPUs than this version knows of here'
  return `needs ${formatBytes(needed)} on ${plain(device)}, which can give at most ${formatBytes(largest)}`
}
