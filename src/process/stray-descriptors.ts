import { closeSync, readdirSync, readFileSync } from 'node:fs'

const STANDARD_STREAMS = 3
/** O_CLOEXEC as /proc/PID/fdinfo shows it, on x64 and arm64. */
const CLOSED_ON_EXEC = 0o2000000

/**
 * Closes what whoever started this process left open in it, a pipe of a build or a lock of a shell: engines would
 * inherit it and hold it as long as they live, longer than the daemon perhaps. Everything that Node opens is marked to
 * be closed on exec, and so are the low descriptors that it was started with; what is not marked is nobody's here.
 * Returns how many there were; none where there is no procfs.
 */
export function closeStrayDescriptors(): number {
  const stray = openDescriptors().filter((descriptor) => descriptor >= STANDARD_STREAMS && isInherited(descriptor))
  for (const descriptor of stray) closeSync(descriptor)
  return stray.length
}

function openDescriptors(): readonly number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number)
  } catch {
    return []
  }
}

function isInherited(descriptor: number): boolean {
  try {
    const [, flags] = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')) ?? []
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0
  } catch {
    // The one by which the directory was read.
    return false
  }
}
