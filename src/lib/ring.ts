export interface RingLimits<T> {
  readonly items: number
  /** Of all items together, by `weigh`; the last one is kept whatever it weighs. Default: no such limit. */
  readonly weight?: number
  readonly weigh?: (item: T) => number
}

/** The last items that the limits leave room for, oldest first. */
export interface Ring<T> {
  push(item: T): void
  items(): readonly T[]
}

/** Items are given up one by one from the front; what is gone is cut off the array once it is half of it. */
export function createRing<T>({ items, weight = Number.POSITIVE_INFINITY, weigh = () => 0 }: RingLimits<T>): Ring<T> {
  let kept: T[] = []
  let oldest = 0
  let total = 0

  function dropOldest(): void {
    const item = kept[oldest] as T
    total -= weigh(item)
    oldest += 1
    if (oldest < 64 || oldest * 2 < kept.length) return
    kept = kept.slice(oldest)
    oldest = 0
  }

  return {
    push(item) {
      kept.push(item)
      total += weigh(item)
      while (kept.length - oldest > items || (total > weight && kept.length - oldest > 1)) dropOldest()
    },
    items: () => kept.slice(oldest),
  }
}
