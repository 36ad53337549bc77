import { createRequire } from 'node:module'

/** `version` of package.json, by a name that holds in the source tree and in the built one. */
export function packageVersion(): string {
  const facts: unknown = createRequire(import.meta.url)('#package')
  if (typeof facts !== 'object' || facts === null || !('version' in facts)) return 'unknown'
  return String(facts.version)
}
