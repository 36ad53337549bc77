import type { Signals } from './world.ts'

/** SIGINT and SIGTERM, told apart by their order only. */
export interface StopRequests {
  /** Settles at the first signal, also when it came before anybody looked. */
  readonly first: Promise<void>
  /** Calls back for each signal after the first, also for one that came already. */
  onSecond(callback: () => void): void
  end(): void
}

export function stopRequests(signals: Signals): StopRequests {
  let count = 0
  let hurry: (() => void) | null = null
  let resolveFirst = (): void => undefined
  const first = new Promise<void>((resolve) => {
    resolveFirst = resolve
  })
  const heard = (): void => {
    count += 1
    if (count === 1) resolveFirst()
    else hurry?.()
  }
  const ends = [signals.on('SIGINT', heard), signals.on('SIGTERM', heard)]
  return {
    first,
    onSecond(callback) {
      hurry = callback
      if (count > 1) callback()
    },
    end: () => ends.forEach((end) => end()),
  }
}
