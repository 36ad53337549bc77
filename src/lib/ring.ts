/** The last `capacity` items, oldest first. */
export interface Ring<T> {
  push(item: T): void
  items(): readonly T[]
}

export function createRing<T>(capacity: number): Ring<T> {
  const kept: T[] = []
  let oldest = 0
  return {
    push(item) {
      if (kept.length < capacity) {
        kept.push(item)
        return
      }
      kept[oldest] = item
      oldest = (oldest + 1) % capacity
    },
    items: () => [...kept.slice(oldest), ...kept.slice(0, oldest)],
  }
}
