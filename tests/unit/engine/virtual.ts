import type { Clock } from '../../../src/core/index.ts'
import { Timeline } from '../../sim/time.ts'

/** A clock that moves only when told to, and as far as nothing happens in between. */
export class VirtualClock implements Clock {
  readonly timeline = new Timeline()
  readonly start = this.timeline.now

  now(): number {
    return this.timeline.now
  }

  after(delay: number, callback: () => void): () => void {
    return this.timeline.after(delay, callback)
  }

  random(): number {
    return 0.5
  }

  token(): string {
    return 'token'
  }

  /** Milliseconds since the test began. */
  elapsed(): number {
    return this.now() - this.start
  }

  /** Runs what is due, in order, until the promise has settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const mark = (): void => void (settled = true)
    promise.then(mark, mark)
    for (;;) {
      await new Promise(setImmediate)
      if (settled) return promise
      const run = this.timeline.next()
      if (run === null) throw new Error('nothing is due any more, and the promise has not settled')
      run()
    }
  }
}
