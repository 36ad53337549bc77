import { randomBytes } from 'node:crypto'

/** Timers longer than this fire at once in Node; a longer wait is made of several. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Time and chance as this machine has them. */
export function createSystemClock(): {
  now(): number
  after(delay: number, callback: () => void): () => void
  random(): number
  token(): string
} {
  return {
    now: () => Date.now(),
    after(delay, callback) {
      let timer: NodeJS.Timeout
      const wait = (left: number): void => {
        const now = Math.min(left, LONGEST_TIMER)
        timer = setTimeout(() => (left > now ? wait(left - now) : callback()), now)
      }
      wait(Math.max(delay, 0))
      return () => clearTimeout(timer)
    },
    random: () => Math.random(),
    token: () => randomBytes(16).toString('hex'),
  }
}
