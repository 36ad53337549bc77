import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { EnginehouseError } from '../../src/core/index.ts'
import type { InstallOrder } from '../../src/engine/install.ts'
import { runLogged } from '../../src/lib/run-logged.ts'
import type { Build } from './release.ts'

/** Never asks, says nothing that is not of the matter, and keeps nothing that is needed once. */
const PIP = ['--disable-pip-version-check', '--no-input', '--no-color', '--no-cache-dir'] as const
/** Nothing is built here: a source package would need a compiler and run its own code while it is installed. */
const ONLY_WHEELS = ['--progress-bar', 'off', '--only-binary', ':all:'] as const

/** Where one installation is at work. */
export interface Site {
  readonly order: InstallOrder
  readonly build: Build
  /** Everything that is not to stay. */
  readonly staging: string
  /** The virtual environment. */
  readonly folder: string
  /** The packages in it. */
  readonly packages: string
}

interface Told {
  readonly onBytes?: (bytes: number) => void
  readonly onLine?: (line: string) => void
}

/** The pip of the virtual environment, with the index and the settings that the host has for its own. */
export function pip(site: Site, command: 'download' | 'install', args: readonly string[], told: Told = {}) {
  const python = join(site.folder, 'bin', 'python')
  return run(site, [python, '-m', 'pip', ...PIP, command, ...ONLY_WHEELS, ...args], told)
}

/** Runs a step to its end. Throws engine_install_failed with the last words of what failed. */
export async function run(site: Site, argv: readonly [string, ...string[]], told: Told = {}): Promise<void> {
  const { order, staging } = site
  const outcome = await runLogged({
    argv,
    cwd: staging,
    env: { ...order.environment, TMPDIR: join(staging, 'tmp') },
    log: join(staging, 'install.log'),
    watch: staging,
    onBytes: told.onBytes ?? (() => undefined),
    ...(told.onLine && { onLine: told.onLine }),
    signal: order.signal,
  })
  order.signal.throwIfAborted()
  if (outcome.kind !== 'failed') return
  const why = outcome.why.replace(argv[0], basename(argv[0]))
  throw failed([why, ...tellingOf(outcome.tail)].join(' | '))
}

/**
 * What the download of packages, then their installation, says of itself: pip shows no bars without a terminal, so the
 * growth of the staging directory is the one and the count of packages that are in place the other.
 */
export function packageProgress(site: Site): Required<Told> {
  const before = packagesIn(site)
  let total: number | null = null
  return {
    onLine(line) {
      const [, names] = /^Installing collected packages: (.+)$/.exec(line) ?? []
      if (names !== undefined) total = names.split(', ').length
    },
    onBytes(bytes) {
      // Not measured yet: the wheel is there.
      if (bytes === 0) return
      if (total === null) return downloading(site, bytes)
      const fraction = Math.min(1, Math.max(0, packagesIn(site) - before) / total)
      site.order.onProgress({ kind: 'installing', fraction })
    },
  }
}

/** `bytes` of all that is downloaded; the wheel stays where it is until the end, so that they only grow. */
export function downloading({ order, build: { download: total } }: Site, bytes: number): void {
  order.onProgress(
    total === null ? { kind: 'downloading', bytes } : { kind: 'downloading', bytes: Math.min(bytes, total), total },
  )
}

function packagesIn({ packages }: Site): number {
  return readdirSync(packages).filter((name) => name.endsWith('.dist-info')).length
}

/** pip says what it did before it says what went wrong; that an index was not reached is a warning, told several times. */
function tellingOf(tail: readonly string[]): readonly string[] {
  const error = tail.findIndex((line) => line.startsWith('ERROR:'))
  if (error === -1) return tail
  return tail.slice(tail[error - 1]?.startsWith('WARNING:') ? error - 1 : error)
}

export function failed(why: string, cause?: unknown): EnginehouseError {
  const facts = {
    engine: 'vllm',
    why,
    next: 'Try again, or install vLLM yourself and name its `bin/vllm` by `engines.vllm.path`.',
  }
  return new EnginehouseError('engine_install_failed', facts, { cause })
}
