/** The files of a rotated log, the newest first: `daemon.log`, `daemon.log.1`, … At most `count`. */
export function logGenerations(path: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, age) => (age === 0 ? path : `${path}.${age}`))
}
