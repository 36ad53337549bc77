import { setTimeout as sleep } from 'node:timers/promises'

import type { ModelAnswer } from './answers.ts'
import type { Client } from './client.ts'
import type { Job } from './job.ts'
import type { Step } from './progress.ts'
import { plain } from './render/paint.ts'
import { phaseCell } from './render/words.ts'

/** Between two looks at a model that somebody waits for. */
const LOOK_EVERY = 500

/**
 * Waits for `outcome`, and shows on stderr meanwhile how far the model has come. A quick outcome shows nothing; a
 * look that fails is left out, as the outcome will say what is wrong.
 */
export async function watchLoad<T>(job: Job, client: Client, model: string, outcome: Promise<T>): Promise<T> {
  const over = new AbortController()
  const watched = watch(job, client, model, over.signal)
  try {
    return await outcome
  } finally {
    over.abort()
    await watched
  }
}

async function watch(job: Job, client: Client, model: string, over: AbortSignal): Promise<void> {
  const progress = job.progress()
  try {
    for (;;) {
      await sleep(LOOK_EVERY, undefined, { signal: over })
      const view = await client.model(model)
      if (over.aborted) return
      if (view.phase === 'ready' || view.phase === 'absent') progress.stop()
      else progress.update(stepOf(view))
    }
  } catch {
    return
  } finally {
    progress.stop()
  }
}

/** How many requests it still waits for while it leaves, bytes while weights are fetched, a share while the engine tells one. */
export function stepOf(model: ModelAnswer): Step {
  const { text: phase } = phaseCell({ ...model, instance: null })
  const step = model.instance?.step ?? null
  const text =
    model.phase === 'draining'
      ? `${phase} (${model.leases} running)`
      : model.phase === 'starting' && step !== null
        ? `${phase}, ${plain(step)}`
        : phase
  const fraction = model.phase === 'starting' ? (model.instance?.progress ?? null) : null
  return { label: `${model.id} ${text}`, bytes: model.fetched_bytes, fraction }
}
