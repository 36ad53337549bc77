import { statfs } from 'node:fs/promises'
import { EnginehouseError, formatBytes } from '../../src/core/index.ts'
import type { InstallOrder } from '../../src/engine/install.ts'
import { askHost, type HostQuestion } from '../../src/lib/ask-host.ts'
import { glibcProblem } from '../../src/lib/glibc.ts'
import { VERSION, type Build, type Builds } from './release.ts'

/** The oldest glibc that a package among those that both builds ask for has wheels for. */
const GLIBC = Object.freeze({ major: 2, minor: 31 })
/** The Python versions that both wheels take, 3.N. */
const PYTHON = Object.freeze({ oldest: 11, newest: 14 })
/** The one that a host has by default, then those that stand beside one that is too old or too new. */
const PYTHONS = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.14'] as const

type How = Omit<HostQuestion, 'argv'>

/** The build for the GPUs of this host where nvidia-smi knows one, else the one for its processors. */
export async function chooseBuild(order: InstallOrder, staging: string, builds: Builds): Promise<Build> {
  const listed = await askHost({ ...howTo(order, staging), argv: ['nvidia-smi', '-L'] })
  return listed !== null && /^GPU \d+:/m.test(listed) ? builds.cuda : builds.cpu
}

export interface Python {
  /** As PATH finds it. */
  readonly program: string
  /** `3.11`. */
  readonly version: string
}

/** What a build needs of the host; throws platform_unsupported or engine_install_failed with one sentence. */
export async function requireHost(order: InstallOrder, staging: string, build: Build): Promise<Python> {
  const { platform, arch } = process
  if (platform !== 'linux' || arch !== 'x64') throw unsupported(`this is ${platform} ${arch}`)
  const how = howTo(order, staging)
  const problem = await glibcProblem(GLIBC, how)
  if (problem !== null) throw unsupported(problem)
  const python = await findPython(how)
  if ((await askHost({ ...how, argv: [python.program, '-c', 'import venv, ensurepip'] })) === null) {
    const next = `on Debian and Ubuntu: \`apt install ${python.program}-venv\``
    throw failed(
      `${python.program} cannot make virtual environments`,
      `Install its venv module (${next}), then try again.`,
    )
  }
  await requireRoom(staging, build)
  return python
}

async function findPython(how: How): Promise<Python> {
  let seen: string | null = null
  for (const program of PYTHONS) {
    const said = await askHost({ ...how, argv: [program, '--version'] })
    const [, version, minor] = /^Python (3\.(\d+))/.exec(said ?? '') ?? []
    if (version === undefined) continue
    if (Number(minor) >= PYTHON.oldest && Number(minor) <= PYTHON.newest) return { program, version }
    seen ??= version
  }
  const needs = `Python 3.${PYTHON.oldest} to 3.${PYTHON.newest}`
  const why = seen === null ? 'python3 was not found' : `it needs ${needs}, and python3 is ${seen}`
  throw failed(why, `Put ${needs} with its venv module on PATH, then try again.`)
}

async function requireRoom(staging: string, { version, room }: Build): Promise<void> {
  const { bavail, bsize } = await statfs(staging)
  const free = bavail * bsize
  if (free >= room) return
  throw failed(
    `${version} takes ${formatBytes(room)} of disk while it is installed, and ${formatBytes(free)} are free`,
    'Free some, or choose a state directory on another disk (`ENGINEHOUSE_STATE_DIR`), then try again.',
  )
}

function howTo({ environment, signal }: InstallOrder, cwd: string): How {
  return { cwd, env: environment, signal }
}

function unsupported(found: string): EnginehouseError {
  return new EnginehouseError('platform_unsupported', {
    what: `vLLM ${VERSION} as it is installed by this program`,
    needs:
      `Linux x64 with glibc ${GLIBC.major}.${GLIBC.minor} or newer, and ${found}: ` +
      'install vLLM yourself and name its `bin/vllm` by `engines.vllm.path`',
  })
}

function failed(why: string, next: string): EnginehouseError {
  return new EnginehouseError('engine_install_failed', { engine: 'vllm', why, next })
}
