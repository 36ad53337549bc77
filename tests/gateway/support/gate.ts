export interface Gate<T> {
  readonly opened: Promise<T>
  open(value: T): void
}

/** A promise that a test settles, or waits for something else to settle. */
export function gate<T = void>(): Gate<T> {
  let open: (value: T) => void = () => {}
  const opened = new Promise<T>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
