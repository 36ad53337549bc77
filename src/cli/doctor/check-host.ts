import { formatBytes, formatDuration, GIB, MIB } from '../../core/index.ts'
import type { Bytes, Millis } from '../../core/index.ts'
import type { ClockFacts, GpuFacts, HubFacts, LimitFacts, MemoryFacts, ProgramFacts } from './facts.ts'
import { fail, type Finding, pass, warn } from './finding.ts'

const TESTED: ReadonlySet<string> = new Set(['linux x64'])
const EXPECTED: ReadonlySet<string> = new Set(['linux arm64'])

/** A daemon with some engines and clients has a hundred open files; each request takes two more. */
const OPEN_FILES_MIN = 256
const OPEN_FILES_GOOD = 4096
/** Engines that split a model over GPUs exchange through it; a container has 64 MiB unless it is told otherwise. */
const SHARED_MEMORY_GOOD: Bytes = GIB
/** Clocks of one host and of its files differ by less. */
const CLOCK_SLACK: Millis = 60_000
/** Less than this holds no model worth loading. */
const CLAIMABLE_MIN: Bytes = 512 * MIB
/** A download needs the room of a whole model. */
const HUB_FREE_GOOD: Bytes = 5 * GIB

export function checkNode({ node, nodeNeeded }: ProgramFacts): Finding {
  const check = 'node'
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = nodeNeeded.split('.').map(Number)
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    return fail(check, `Node ${node} is too old`, `Install Node ${nodeNeeded} or newer.`)
  }
  const found = `Node ${node}, ${nodeNeeded} is enough`
  if (major % 2 === 0) return pass(check, found)
  return warn(check, `${found}; odd lines are supported for half a year only`, 'Install an even line, such as 24.')
}

export function checkPlatform({ platform, arch, procfs }: ProgramFacts): Finding {
  const check = 'platform'
  const name = `${platform} ${arch}`
  if (!procfs) {
    const next = 'Run on Linux (WSL2 counts), and in a container with /proc mounted.'
    return fail(check, `${name} without procfs: nobody can prove whose process an engine is`, next)
  }
  if (TESTED.has(name)) return pass(check, `${name} with procfs`)
  if (EXPECTED.has(name)) return pass(check, `${name} with procfs: expected to work, not tested`)
  return warn(check, `${name} was never tried`, 'Use Linux on x64 or arm64.')
}

export function checkClock({ now, programAt, newest }: ClockFacts): Finding {
  const check = 'clock'
  const fix = 'Set the clock, and let it be kept right by NTP.'
  const time = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
  if (programAt !== null && now < programAt - CLOCK_SLACK) {
    const behind = formatDuration(programAt - now)
    return fail(check, `it is ${time}, ${behind} before this program was made: certificates will not hold`, fix)
  }
  if (newest !== null && now < newest.at - CLOCK_SLACK) {
    return warn(check, `it is ${time}, ${formatDuration(newest.at - now)} before ${newest.path} was written`, fix)
  }
  return pass(check, time)
}

export function checkOpenFiles({ openFiles }: LimitFacts): Finding {
  const check = 'open files'
  if (openFiles === null) return warn(check, 'the limit of open files is not known', 'See `ulimit -n`.')
  const found = openFiles === Number.POSITIVE_INFINITY ? 'no limit' : `at most ${openFiles} per process`
  const fix = `Raise it: \`ulimit -n ${OPEN_FILES_GOOD}\`, or LimitNOFILE in the systemd unit.`
  if (openFiles < OPEN_FILES_MIN) return fail(check, `${found}, and a few requests at a time need more`, fix)
  return openFiles < OPEN_FILES_GOOD ? warn(check, `${found}: each running request takes two`, fix) : pass(check, found)
}

export function checkSharedMemory({ sharedMemory }: LimitFacts): Finding {
  const check = '/dev/shm'
  const fix = 'In a container: `--shm-size 8g` or `--ipc host`; else mount a tmpfs there.'
  if (sharedMemory === null) return warn(check, 'there is none: engines that split a model need it', fix)
  const found = formatBytes(sharedMemory)
  if (sharedMemory >= SHARED_MEMORY_GOOD) return pass(check, found)
  return warn(check, `${found}: too small for engines that split a model over GPUs`, fix)
}

export function checkMemory({ total, machine, claimable, free }: MemoryFacts): Finding {
  const check = 'memory'
  const limit = total < machine ? ` (a control group limits it; the machine has ${formatBytes(machine)})` : ''
  const measured = free === null ? 'what is free is not known' : `${formatBytes(free)} free now`
  const found = `${formatBytes(total)}${limit}, engines may claim ${formatBytes(claimable)}, ${measured}`
  if (claimable < CLAIMABLE_MIN) {
    return fail(check, `${found}: too little for any model`, 'Raise `memory.host` or the limit of the control group.')
  }
  if (free === null || free >= claimable / 2) return pass(check, found)
  return warn(check, `${found}: others use most of it`, 'End what else runs here, or lower `memory.host`.')
}

export function checkGpu(gpu: GpuFacts): Finding {
  const check = 'gpu'
  switch (gpu.kind) {
    case 'none':
      return pass(check, 'no NVIDIA GPU found: models run on the host')
    case 'broken': {
      const found = `nvidia-smi does not work: ${gpu.why}`
      const fix = 'Mend the driver (after an update of it, reboot); in a container pass the GPUs in.'
      return gpu.used ? fail(check, found, fix) : warn(check, found, fix)
    }
    case 'found': {
      const { names, driver, used } = gpu
      const note = used ? '' : '; this version runs models on the host only'
      const found = `${countedNames(names)}, driver ${driver}${note}`
      if (names.length > 0) return pass(check, found)
      return warn(check, `the driver ${driver} sees no GPU`, 'See `nvidia-smi`; in a container pass the GPUs in.')
    }
    default:
      return gpu satisfies never
  }
}

/** `2 x NVIDIA L40S, NVIDIA T4`. */
function countedNames(names: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} x ${name}`)).join(', ')
}

export function checkHub({ path, kind, free }: HubFacts): Finding {
  const check = 'hub cache'
  const room = free === null ? '' : `, ${formatBytes(free)} free`
  if (kind === 'other') return fail(check, `${path} is no directory`, 'Move it away, or set HF_HUB_CACHE.')
  const found = kind === 'absent' ? `${path} is made when it is needed${room}` : `${path}${room}`
  if (free === null || free >= HUB_FREE_GOOD) return pass(check, found)
  return warn(check, `${found}: hardly room for a model`, 'Make room, or point HF_HUB_CACHE at another disk.')
}
