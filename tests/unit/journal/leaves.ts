/** Every value in a tree of data that is not itself a tree, by its path. */
export function leavesOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]))
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => Object.entries(inner ?? {}).find(([name]) => name === key)?.[1], value)
}

/** A copy with one value changed. */
export function changed<T>(value: T, path: readonly string[], change: (before: unknown) => unknown): T {
  const copy = structuredClone(value)
  const holder = valueAt(copy, path.slice(0, -1))
  Object.assign(holder ?? {}, { [path.at(-1) ?? '']: change(valueAt(copy, path)) })
  return copy
}

/** Another figure, far enough from the first to look different however it is rounded. */
export function another(before: unknown): unknown {
  if (typeof before === 'number') return before * 2 + 3 * 2 ** 30
  if (typeof before === 'boolean') return !before
  if (before === null) return 7_000_000
  return `${String(before)}x`
}
