import type { Bytes, CountedPart, EngineFigures, Tokens } from '../core/index.ts'
import type { EngineEvent } from './contract.ts'

/** One that is not ready is never whole, however it is rounded. */
const MOST = 0.99

/** What an engine has said of its start so far. */
export interface Hearing {
  /** 0 to 1 of the load, when it tells; never less than before, and never all of it. */
  readonly progress: number | null
  /** What it is at, in its adapter's words. */
  readonly step: string | null
  /** Null: it has said none. */
  readonly figures: EngineFigures | null
  take(event: EngineEvent): void
  /** It is ready: nothing is under way any more. */
  end(): void
}

export function createHearing(): Hearing {
  let progress: number | null = null
  let step: string | null = null
  let cacheTokens: Tokens | null = null
  const memory = new Map<CountedPart, Bytes>()

  return {
    get progress() {
      return progress
    },
    get step() {
      return step
    },
    get figures() {
      if (memory.size === 0 && cacheTokens === null) return null
      return { memory: Object.fromEntries(memory), cacheTokens }
    },
    take(event) {
      switch (event.kind) {
        case 'progress':
          progress = Math.min(Math.max(progress ?? 0, event.fraction), MOST)
          return
        case 'phase':
          step = event.name
          return
        case 'memory':
          // Ranks speak for themselves: the fullest device counts.
          memory.set(event.part, Math.max(memory.get(event.part) ?? 0, event.bytes))
          return
        case 'capacity':
          cacheTokens = event.tokens
          return
        default:
          event satisfies never
      }
    },
    end() {
      progress = null
      step = null
    },
  }
}
