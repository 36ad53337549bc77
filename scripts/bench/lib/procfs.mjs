// What the kernel says that a process has used. Linux only.
import { readFileSync } from 'node:fs'

/** The unit of `utime` and `stime`; the kernel's own constant for user space on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100

/** CPU seconds, in user mode and in the kernel, of all threads of a process since its start; counted in 10 ms steps. */
export function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The name in parentheses may hold blanks; `utime` and `stime` are fields 14 and 15, the first after it is 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** { rss, pss } in MiB: PSS counts a page that several processes share by parts. */
export function memory(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  const mebibytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)[1]) / 1024
  return { rss: mebibytes('Rss'), pss: mebibytes('Pss') }
}
