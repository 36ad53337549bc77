import { fileURLToPath } from 'node:url'

import type { TestContext } from 'vitest'

import { installedProgram } from '../../engines/llama-server/release.ts'
import { writeTinyGguf, type TinyGgufOptions } from '../fixtures/tiny-gguf.ts'
import { startProgram } from './cli.ts'
import type { Place } from './daemon.ts'

/** Kept between runs and not part of the repository. */
const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url))

type Found = { readonly path: string } | { readonly missing: string }

let found: Promise<Found> | null = null

/** The real engine, installed by the program's own command where it is not there yet: minutes, the first time. */
export function installLlamaServer(): Promise<Found> {
  return (found ??= install())
}

async function install(): Promise<Found> {
  const given = process.env['ENGINEHOUSE_TEST_LLAMA_SERVER']
  if (given) return { path: given }
  // The whole environment, as what pip needs to reach its index is the host's affair.
  const env = { ...process.env, ENGINEHOUSE_STATE_DIR: CACHE }
  const { stdout, exitCode } = await startProgram(['engines', 'install', 'llama-server', '--json'], { env })
  if (exitCode === 0) return { path: installedProgram(`${CACHE}/engines`) }
  const { error } = JSON.parse(String(stdout))
  // Bytes that are wrong, or a program that does not run here, are faults; a host without pip or network is none.
  if (/other bytes|does not run here/.test(error.message)) throw new Error(error.message)
  return { missing: error.message }
}

/** The path of the engine; a test on a host that cannot have it is skipped, with the reason. */
export async function llamaServer(context: TestContext): Promise<string> {
  const result = await installLlamaServer()
  if ('missing' in result) return context.skip(result.missing)
  return result.path
}

/** Threads that wait for each other are a hundred times as slow on a busy machine. */
export const ALONE = { threads: 1 } as const

/** A model that the real engine runs on weights of half a megabyte. */
export function tinyModel(
  place: Place,
  name: string,
  { args = {}, ...keys }: Readonly<Record<string, unknown>> & { readonly args?: object } = {},
  gguf: TinyGgufOptions = {},
) {
  const path = place.file(`${name}.gguf`)
  writeTinyGguf(path, gguf)
  return {
    [name]: {
      engine: 'llama-server',
      source: `file:${path}`,
      gpus: 'none',
      context: 512,
      args: { ...ALONE, ...args },
      ...keys,
    },
  }
}
