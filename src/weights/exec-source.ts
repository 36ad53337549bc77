import { lstat, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EnginehouseError } from '../core/index.ts'
import type { Bytes, ModelName, Source } from '../core/index.ts'
import { runLogged } from '../lib/run-logged.ts'
import { sha256OfFile } from '../lib/sha256.ts'
import { makeStaging } from '../lib/staging.ts'
import type { WeightsProgress } from './progress.ts'
import { publish } from './store.ts'

export type ExecSource = Extract<Source, { kind: 'exec' }>

/** Between two reports of a verification. */
const VERIFY_STEP_BYTES: Bytes = 256 * 1024 * 1024

export interface ExecFetch {
  readonly source: ExecSource
  readonly model: ModelName
  /** The weights directory: staging, logs and what is stored are all below it, so that a rename is enough. */
  readonly directory: string
  readonly manifestDirectory: string
  readonly environment: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly onProgress: (progress: WeightsProgress) => void
}

/**
 * Runs the source's program, verifies what it wrote and stores it; returns the stored file's path. Throws
 * weights_fetch_failed, weights_wrong (other bytes than promised; they are removed) and shutting_down (aborted).
 */
export async function fetchByExec(fetch: ExecFetch): Promise<string> {
  const staging = await makeStaging(fetch.directory)
  try {
    const file = join(staging, 'model')
    await runProgram(fetch, staging, file)
    await checkWritten(fetch, file)
    return await publish(fetch.directory, staging, file, fetch.source.sha256)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

async function runProgram(fetch: ExecFetch, staging: string, file: string): Promise<void> {
  const [program, ...rest] = fetch.source.argv.map((argument) => argument.replaceAll('{dest}', file))
  if (program === undefined) throw failed(fetch, 'its `exec` source names no program')
  const temporary = join(staging, 'tmp')
  const logs = join(fetch.directory, 'logs')
  await mkdir(temporary, { mode: 0o700 })
  await mkdir(logs, { recursive: true, mode: 0o700 })
  const log = join(logs, `${fetch.source.sha256.slice(0, 16)}.log`)
  const outcome = await runLogged({
    argv: [program, ...rest],
    cwd: fetch.manifestDirectory,
    env: { ...fetch.environment, TMPDIR: temporary },
    log,
    watch: staging,
    onBytes: (bytes) => fetch.onProgress({ kind: 'fetching', bytes }),
    signal: fetch.signal,
  })
  if (outcome.kind === 'aborted') throw new EnginehouseError('shutting_down', {})
  if (outcome.kind === 'done') return
  const said = outcome.tail.length > 0 ? `, after: ${outcome.tail.join(' | ')}` : ''
  throw failed(fetch, `${outcome.why}${said} (its output is in ${log})`)
}

async function checkWritten(fetch: ExecFetch, file: string): Promise<void> {
  const facts = await lstat(file).catch(() => null)
  if (facts === null) throw failed(fetch, `${fetch.source.argv[0]} ended well and wrote nothing at {dest}`)
  if (!facts.isFile()) throw failed(fetch, `${fetch.source.argv[0]} made something else than a regular file at {dest}`)
  let told = 0
  const tell = (bytes: Bytes): void => {
    if (bytes !== facts.size && bytes - told < VERIFY_STEP_BYTES) return
    told = bytes
    fetch.onProgress({ kind: 'verifying', bytes, total: facts.size })
  }
  const actual = await sha256OfFile(file, tell)
  if (actual === fetch.source.sha256) return
  throw new EnginehouseError('weights_wrong', {
    model: fetch.model,
    path: `exec ${fetch.source.argv[0]}`,
    why: `${facts.size} bytes came with sha256 ${actual}, and the manifest promises ${fetch.source.sha256}`,
  })
}

function failed(fetch: ExecFetch, why: string): EnginehouseError {
  return new EnginehouseError('weights_fetch_failed', { model: fetch.model, why })
}
