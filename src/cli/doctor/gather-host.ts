import { existsSync, statSync } from 'node:fs'
import { readFile, stat, statfs } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { dirname } from 'node:path'

import type { Bytes, Manifest } from '../../core/index.ts'
import { packageNode, packageVersion } from '../../lib/package-version.ts'
import { systemCode } from '../../lib/system-reason.ts'
import { hubCachePath } from '../hub-cache.ts'
import type { House } from '../world.ts'
import type { DiskFacts, GpuFacts, HubFacts, LimitFacts, MemoryFacts, ProgramFacts } from './facts.ts'

/** A driver that hangs is broken as well. */
const NVIDIA_SMI_TIMEOUT = 10_000

export function gatherProgram(): ProgramFacts {
  return {
    version: packageVersion(),
    node: process.versions.node,
    nodeNeeded: packageNode(),
    platform: process.platform,
    arch: process.arch,
    procfs: existsSync('/proc/self/stat'),
  }
}

/** When this file was written: package clients set some files of a package to a day long past. */
export function programTime(): number | null {
  try {
    return statSync(new URL(import.meta.url)).mtimeMs
  } catch {
    return null
  }
}

export async function gatherLimits(): Promise<LimitFacts> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  return { openFiles: parseOpenFiles(limits), sharedMemory: await sizeOf('/dev/shm') }
}

/** The soft limit in the text of /proc/PID/limits. */
export function parseOpenFiles(limits: string): number | null {
  const [, soft] = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits) ?? []
  if (soft === undefined) return null
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

async function sizeOf(path: string): Promise<Bytes | null> {
  const facts = await statfs(path).catch(() => null)
  return facts && facts.blocks * facts.bsize
}

export async function gatherMemory(house: House, memory: Manifest['memory']): Promise<MemoryFacts> {
  const size = await house.hostSize(memory)
  const machine = totalmem()
  return { ...size, machine, total: size.devices.find(({ kind }) => kind === 'host')?.total ?? machine }
}

export async function gatherGpu(house: House, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<GpuFacts> {
  const { execa } = await import('execa')
  const { PATH = '', HOME = '', LD_LIBRARY_PATH = '' } = environment
  const result = await execa('nvidia-smi', ['--query-gpu=name,driver_version', '--format=csv,noheader'], {
    cancelSignal: signal,
    env: { PATH, HOME, LD_LIBRARY_PATH },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: NVIDIA_SMI_TIMEOUT,
    maxBuffer: 256 * 1024,
  })
  const used = house.knowledge.gpus
  if (result.code === 'ENOENT') return { kind: 'none' }
  if (result.timedOut) return { kind: 'broken', why: `it did not answer within ${NVIDIA_SMI_TIMEOUT / 1000} s`, used }
  if (result.failed) {
    const why = firstLine(result.stdout) ?? firstLine(result.stderr) ?? result.shortMessage ?? 'it failed'
    return { kind: 'broken', why, used }
  }
  return { ...parseGpus(result.stdout), used }
}

/** Lines of `name, driver`; none where the driver sees no GPU. */
export function parseGpus(text: string): {
  readonly kind: 'found'
  readonly driver: string
  readonly names: readonly string[]
} {
  const rows = text.split('\n').flatMap((line) => {
    const [, name, driver] = /^(.+), ([\w.]+)\s*$/.exec(line) ?? []
    return name !== undefined && driver !== undefined ? [{ name, driver }] : []
  })
  return { kind: 'found', driver: rows[0]?.driver ?? 'that is there', names: rows.map(({ name }) => name) }
}

function firstLine(text: string): string | undefined {
  return text
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '')
}

export async function gatherHub(environment: NodeJS.ProcessEnv): Promise<HubFacts> {
  const path = hubCachePath(environment)
  const facts = await stat(path).catch(() => null)
  const kind = facts === null ? 'absent' : facts.isDirectory() ? 'directory' : 'other'
  return { path, kind, free: (await diskOf(path))?.free ?? null }
}

/** Of the nearest directory that is there. */
export async function diskOf(path: string): Promise<DiskFacts | null> {
  try {
    const facts = await statfs(path)
    return { free: facts.bavail * facts.bsize, type: facts.type }
  } catch (error) {
    const parent = dirname(path)
    return systemCode(error) === 'ENOENT' && parent !== path ? diskOf(parent) : null
  }
}
