import { createRequire } from 'node:module'

/** `version` of package.json, by a name that holds in the source tree and in the built one. */
export function packageVersion(): string {
  const facts: unknown = createRequire(import.meta.url)('#package')
  if (typeof facts !== 'object' || facts === null || !('version' in facts)) return 'unknown'
  return String(facts.version)
}

/** The oldest Node that is enough, of package.json: `20.19`. */
export function packageNode(): string {
  const facts: unknown = createRequire(import.meta.url)('#package')
  if (typeof facts !== 'object' || facts === null || !('engines' in facts)) return '0.0'
  const { engines } = facts
  const node = typeof engines === 'object' && engines !== null && 'node' in engines ? String(engines.node) : ''
  return /\d+\.\d+/.exec(node)?.[0] ?? '0.0'
}
