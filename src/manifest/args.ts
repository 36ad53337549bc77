import type { EngineDescription, FlagLimit, ModelSpec } from '../core/index.ts'
import { quote } from '../core/index.ts'
import { describe } from './issues.ts'
import type { Path } from './path.ts'
import { dotted } from './path.ts'
import type { Report } from './problems.ts'
import type { Entry, Placed, TreeNode } from './node.ts'

type Args = ModelSpec['args']
type ArgValue = Args[number][1]

/** No `=`, which would carry a value past the check of the name. */
const FLAG = /^-{0,2}[A-Za-z0-9][A-Za-z0-9_.-]*$/

/**
 * Engine flags of the layers, the weakest first; a flag of a later layer replaces the same flag of an earlier one, and
 * `false` removes it. Reports names that are no flags, flags that are set twice, those that the daemon sets, and values
 * that it could not claim memory for.
 */
export function readArgs(
  layers: readonly Placed[],
  { name: engine, reservedFlags, limitedFlags = new Map() }: EngineDescription,
  report: Report,
): Args {
  const reasons = byName(reservedFlags)
  const limits = byName(limitedFlags)
  const flags = new Map<string, readonly [string, ArgValue | undefined]>()
  for (const { entry, path } of layers) {
    if (entry.node.kind !== 'mapping') continue
    const seen = new Set<string>()
    for (const [flag, value] of entry.node.entries) {
      const here = [...path, flag]
      const name = normalisedFlag(flag)
      reportFlag(flag, value, here, seen, report)
      for (const [written, node] of [[flag, undefined] as const, ...flagsAmong(value.node)]) {
        const why = reasons.get(normalisedFlag(written))
        if (why === undefined) continue
        const shown = node?.kind === 'scalar' ? (node.template ?? written) : written
        report('manifest_flag_reserved', { flag: shown, engine, why }, node?.span ?? value.key, here)
      }
      const limit = limits.get(name)
      if (limit) reportValue(limit, value.node, here, report)
      seen.add(name)
      flags.set(name, [flag, argValueOf(value.node)])
    }
  }
  return [...flags.values()].flatMap(([flag, value]) => (value === undefined ? [] : [[flag, value] as const]))
}

function reportFlag(flag: string, { key }: Entry, path: Path, seen: ReadonlySet<string>, report: Report): void {
  if (!FLAG.test(flag)) {
    const expected = 'the name of a flag without its value, such as jinja'
    report('manifest_value', { key: dotted(path.slice(0, -1)), expected, got: quote(flag), nearest: [] }, key, path)
  } else if (seen.has(normalisedFlag(flag))) {
    const why = `The flag ${quote(flag)} is already in ${dotted(path.slice(0, -1))}, spelt another way.`
    report('manifest_conflict', { why, next: 'Keep one; a list repeats a flag.' }, key, path)
  }
}

function byName<T>(flags: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...flags].map(([flag, what]) => [normalisedFlag(flag), what]))
}

/** A flag that is repeated means its last value: nobody has to know that who reads the manifest. */
function reportValue({ matches, expected }: FlagLimit, node: TreeNode, path: Path, report: Report): void {
  const value = argValueOf(node)
  if (value === undefined || (typeof value === 'string' && matches.test(value))) return
  report('manifest_value', { key: dotted(path), expected, got: describe(node), nearest: [] }, node.span, path)
}

/** Values that an engine would read as flags: `{ verbose: --host=… }` sets the host as well as `{ host: … }`. */
function flagsAmong(node: TreeNode): readonly (readonly [string, TreeNode])[] {
  if (node.kind === 'list') return node.items.flatMap(flagsAmong)
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || !/^--?[A-Za-z]/.test(node.value)) return []
  return [[node.value.split(/[=\s]/, 1)[0] ?? '', node]]
}

function argValueOf(node: TreeNode): ArgValue | undefined {
  if (node.kind === 'list') {
    const texts = node.items.flatMap((item) => (item.kind === 'scalar' ? [item.written] : []))
    return texts.length === 0 ? undefined : texts
  }
  if (node.kind !== 'scalar' || node.value === null || node.value === false) return undefined
  return node.value === true ? true : node.written
}

/** Engines take `--ctx-size` and `--ctx_size` alike. */
export function normalisedFlag(flag: string): string {
  return flag.replace(/^-+/, '').replaceAll('_', '-')
}
