import { request, type Dispatcher } from 'undici'

/** One record of the journal, as the events route tells it. */
export interface DaemonEvent {
  readonly seq: number
  readonly at: string
  readonly kind: string
  readonly model?: string
  readonly instance?: string
  // Each kind has its own evidence, which the tests look into.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly evidence: any
  readonly text: string
}

export interface EventFollower {
  /** Everything that the journal was told since the daemon began, or an earlier one on its state directory. */
  readonly events: readonly DaemonEvent[]
  /** Waits for the `count`th event of the kind, of the model where one is named. */
  untilEvent(kind: string, model?: string, count?: number): Promise<DaemonEvent>
  ofKind(kind: string, model?: string): readonly DaemonEvent[]
}

/** Follows a daemon's events over its admin socket until it ends. */
export async function followEvents(dispatcher: Dispatcher): Promise<EventFollower> {
  const events: DaemonEvent[] = []
  const waiters = new Set<() => void>()
  let over = false
  const { body } = await request('http://daemon/api/v1/events?limit=10000', { dispatcher })
  void read()

  const ofKind = (kind: string, model?: string) =>
    events.filter((event) => event.kind === kind && (model === undefined || event.model === model))

  return {
    events,
    ofKind,
    untilEvent: (kind, model, count = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = ofKind(kind, model)[count - 1]
          if (found === undefined && !over) return
          waiters.delete(look)
          if (found) resolve(found)
          else reject(new Error(`the daemon ended without ${count} ${kind} of ${model ?? 'any model'}`))
        }
        waiters.add(look)
        look()
      }),
  }

  async function read(): Promise<void> {
    let rest = ''
    try {
      for await (const piece of body.setEncoding('utf8')) {
        const lines = (rest + String(piece)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line.startsWith('data: ')) events.push(JSON.parse(line.slice('data: '.length)))
        for (const look of waiters) look()
      }
    } catch {
      // The daemon ended, or the test did: who still waits is told below.
    }
    over = true
    for (const look of waiters) look()
  }
}
