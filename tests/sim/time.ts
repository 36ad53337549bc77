import type { Millis } from '../../src/core/index.ts'

/** Chance from a seed (mulberry32): small, fast, the same everywhere. */
export interface Random {
  /** In [0, 1). */
  next(): number
  int(from: number, to: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** A stream of its own, so that one part's draws do not shift another's. */
  fork(label: number): Random
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return {
    next,
    int: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (probability) => next() < probability,
    pick(items) {
      const item = items[Math.floor(next() * items.length)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
    fork: (label) => createRandom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b + label) + label),
  }
}

/** Virtual time: events in order of time, then of their making. */
export class Timeline {
  now = 1_700_000_000_000
  #made = 0
  readonly #heap: { readonly at: number; readonly seq: number; run: (() => void) | null }[] = []

  /** The returned function takes the event back. */
  at(at: number, run: () => void): () => void {
    const event = { at: Math.max(Math.ceil(at), this.now), seq: (this.#made += 1), run: run as (() => void) | null }
    this.#heap.push(event)
    this.#rise(this.#heap.length - 1)
    return () => {
      event.run = null
    }
  }

  after(delay: Millis, run: () => void): () => void {
    return this.at(this.now + Math.max(0, delay), run)
  }

  /** Settles after `delay` of virtual time. */
  pause(delay: Millis): Promise<void> {
    return new Promise((resolve) => this.after(delay, resolve))
  }

  /** The next event that was not taken back, or null; moves the time to it. */
  next(): (() => void) | null {
    for (let event = this.#pop(); event !== null; event = this.#pop()) {
      if (event.run === null) continue
      this.now = event.at
      return event.run
    }
    return null
  }

  #pop(): { at: number; run: (() => void) | null } | null {
    const top = this.#heap[0]
    const last = this.#heap.pop()
    if (top === undefined || last === undefined) return null
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      this.#sink()
    }
    return top
  }

  #rise(index: number): void {
    const heap = this.#heap
    for (let child = index; child > 0;) {
      const parent = (child - 1) >> 1
      if (!before(heap[child], heap[parent])) return
      swap(heap, child, parent)
      child = parent
    }
  }

  #sink(): void {
    const heap = this.#heap
    for (let parent = 0; ;) {
      let least = parent
      for (const child of [2 * parent + 1, 2 * parent + 2]) if (before(heap[child], heap[least])) least = child
      if (least === parent) return
      swap(heap, parent, least)
      parent = least
    }
  }
}

interface Ordered {
  readonly at: number
  readonly seq: number
}

function before(a: Ordered | undefined, b: Ordered | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a.at < b.at || (a.at === b.at && a.seq < b.seq)
}

function swap<T>(items: T[], a: number, b: number): void {
  const [first, second] = [items[a], items[b]]
  if (first === undefined || second === undefined) return
  items[a] = second
  items[b] = first
}
