import { quote } from '../core/index.ts'
import { dotted } from './path.ts'
import type { Report } from './problems.ts'
import type { Placed } from './node.ts'

/** Set per launch, so that the ledger and the proof of identity hold. */
const RESERVED_VARIABLES: ReadonlySet<string> = new Set([
  'CUDA_VISIBLE_DEVICES',
  'CUDA_DEVICE_ORDER',
  'NVIDIA_VISIBLE_DEVICES',
  'SPT_NOENV',
])
const RESERVED_PREFIX = 'ENGINEHOUSE_'

/** Variables of the layers, the weakest first, as written. */
export function readEnv(layers: readonly Placed[], report: Report): Readonly<Record<string, string>> {
  const variables = new Map<string, string>()
  for (const { entry, path } of layers) {
    if (entry.node.kind !== 'mapping') continue
    for (const [name, { key, node }] of entry.node.entries) {
      const here = [...path, name]
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        const expected = 'a mapping of variables, whose names are letters, digits and _'
        report('manifest_value', { key: dotted(path), expected, got: quote(name), nearest: [] }, key, here)
      } else if (RESERVED_VARIABLES.has(name) || name.startsWith(RESERVED_PREFIX)) {
        const why = `The variable ${name} is set by the daemon for each launch.`
        report('manifest_conflict', { why, next: 'Remove it from `env`.' }, key, here)
      } else if (node.kind === 'scalar') variables.set(name, node.written)
    }
  }
  return Object.fromEntries(variables)
}
