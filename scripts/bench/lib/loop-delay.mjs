// Loaded into the daemon by `--import`: how late its event loop comes, as a line of JSON every second in a file beside
// the state directory.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Between two looks of the monitor, in milliseconds; what it measures is counted from there. */
const RESOLUTION = 10
const FILE = join(process.env.ENGINEHOUSE_STATE_DIR, '..', 'loop-delay')

const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
delay.enable()
setInterval(() => {
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION)
  const line = { at: Date.now(), p99: late(delay.percentile(99)), max: late(delay.max) }
  delay.reset()
  appendFileSync(FILE, `${JSON.stringify(line)}\n`)
}, 1000).unref()
