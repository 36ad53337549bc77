import type { DeviceAnswer } from './answers.ts'
import type { Client } from './client.ts'

/** What every GPU's id begins with; where none is named nothing has to be asked. */
const GPU_ID = 'GPU-'

/**
 * The daemon names GPUs by id, which holds over restarts and reboots; a person on the host knows them by number.
 * Gives a function that has `GPU 0` for each id wherever it stands in an answer. For what is shown, never for --json.
 */
export function deviceNames(client: Pick<Client, 'devices'>): <T>(answer: T) => Promise<T> {
  let devices: Promise<readonly DeviceAnswer[]> | null = null
  return async (answer) => {
    const text = JSON.stringify(answer)
    if (!text.includes(GPU_ID)) return answer
    devices ??= client.devices()
    return renamed(answer, text, await devices)
  }
}

function renamed<T>(answer: T, text: string, devices: readonly DeviceAnswer[]): T {
  const gpus = devices.filter(({ kind }) => kind !== 'host')
  // A longer id first: one may be the beginning of another.
  const ids = gpus.toSorted((a, b) => b.id.length - a.id.length)
  const named = ids.reduce((shown, { id, index }) => shown.replaceAll(id, `GPU ${index}`), text)
  return named === text ? answer : (JSON.parse(named) as T)
}
