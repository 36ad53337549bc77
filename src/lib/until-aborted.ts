/** As the work ends, or rejects with the signal's reason once it aborts; the work goes on, and nobody hears of its end. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // A listener that stays would be one more for every work of a long life.
  let unlisten = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    unlisten = () => signal.removeEventListener('abort', abort)
    if (signal.aborted) abort()
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    unlisten()
  }
}
