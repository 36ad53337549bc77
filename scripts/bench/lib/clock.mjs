/** Milliseconds since 1970 with their fractions: the clock that the fake engine stamps its events with. */
export function clock() {
  return performance.timeOrigin + performance.now()
}
