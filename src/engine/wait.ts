import type { Clock, Millis } from '../core/index.ts'

/** Settles after `delay`, or as soon as one of `wakers` does; never rejects because of them. */
export function sleep(clock: Clock, delay: Millis, ...wakers: readonly Promise<unknown>[]): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(delay, resolve)
    const wake = (): void => {
      cancel()
      resolve()
    }
    for (const waker of wakers) void waker.then(wake, wake)
  })
}

/** Something that happens again and again; each `next` settles at the next time. */
export interface Pulse {
  beat(): void
  next(): Promise<void>
}

export function createPulse(): Pulse {
  let waiting: (() => void)[] = []
  return {
    beat() {
      const woken = waiting
      waiting = []
      for (const wake of woken) wake()
    },
    next: () => new Promise((resolve) => waiting.push(resolve)),
  }
}

/** Something that happens once; asking for it twice is the same as once. */
export interface Once {
  readonly promise: Promise<void>
  readonly settled: boolean
  settle(): void
}

export function createOnce(): Once {
  let settled = false
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => (resolve = done))
  return {
    promise,
    get settled() {
      return settled
    },
    settle() {
      settled = true
      resolve()
    },
  }
}
