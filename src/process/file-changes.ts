import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'

/** Where the kernel gives no watcher (none left, or a filesystem without): look this often. In milliseconds. */
const POLL_WITHOUT_WATCHER = 250
/** An event costs some 7 us, and an engine that floods its log makes ten thousands of them: above this many ... */
const MOST_EVENTS_PER_WINDOW = 200
/** ... within this many milliseconds, events are not taken for one window, ... */
const WINDOW = 1000
/** ... and the file is looked at this often instead: at 100 MB/s it has grown by 2.5 MB then. In milliseconds. */
const POLL_IN_FLOOD = 25

/** Calls `onChange` when `path` may have grown or shrunk, at most some hundred times a second. Never after `close`. */
export function watchChanges(path: string, onChange: () => void): { close(): void } {
  let watcher: FSWatcher | undefined
  let timer: NodeJS.Timeout | undefined
  let events = 0
  let windowEnd = 0

  function poll(every: number, times: number): void {
    let left = times
    timer = setInterval(() => {
      left -= 1
      if (left === 0) {
        clearInterval(timer)
        listen()
      }
      onChange()
    }, every)
  }

  function onEvent(): void {
    const now = performance.now()
    if (now > windowEnd) {
      windowEnd = now + WINDOW
      events = 0
    }
    events += 1
    if (events <= MOST_EVENTS_PER_WINDOW) return onChange()
    events = 0
    watcher?.close()
    poll(POLL_IN_FLOOD, WINDOW / POLL_IN_FLOOD)
  }

  function listen(): void {
    try {
      watcher = watch(path, onEvent)
      watcher.on('error', () => {
        watcher?.close()
        poll(POLL_WITHOUT_WATCHER, Number.POSITIVE_INFINITY)
      })
    } catch {
      poll(POLL_WITHOUT_WATCHER, Number.POSITIVE_INFINITY)
    }
  }

  listen()
  return {
    close() {
      watcher?.close()
      clearInterval(timer)
    },
  }
}
