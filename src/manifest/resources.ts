import { HOST, quote } from '../core/index.ts'
import type { MemorySpec, ModelSpec } from '../core/index.ts'
import { nearest } from '../lib/nearest.ts'
import { describe } from './issues.ts'
import { RESOURCE_NAME_LENGTH_MAX, RESOURCES_MAX } from './limits.ts'
import type { Entry, Placed, TreeNode } from './node.ts'
import { dotted } from './path.ts'
import type { Report } from './problems.ts'

/** What there is of each resource, with the places where it is written. */
export interface Pool {
  /** Of the names that are written right. */
  readonly counts: MemorySpec['resources']
  readonly entries: ReadonlyMap<string, Entry>
  /** Names that somebody who wrote this one may have meant. */
  readonly nearest: (name: string) => readonly string[]
}

const NAME = /^[A-Za-z][A-Za-z0-9._-]*$/
const NAME_EXPECTED = `a mapping of names, each of letters, digits and . _ -, first a letter, at most ${RESOURCE_NAME_LENGTH_MAX} in all`
const POOL_PATH = ['memory', 'resources']

/** Reads `memory.resources`, whose values were checked; reports names that cannot be, and too many of them. */
export function readPool(entry: Entry | undefined, report: Report): Pool {
  if (entry?.node.kind !== 'mapping') return { counts: {}, entries: new Map(), nearest: () => [] }
  const { entries } = entry.node
  for (const [name, { key }] of entries) {
    const here = [...POOL_PATH, name]
    if (!NAME.test(name) || name.length > RESOURCE_NAME_LENGTH_MAX) {
      const facts = { key: dotted(POOL_PATH), expected: NAME_EXPECTED, got: quote(name), nearest: [] }
      report('manifest_value', facts, key, here)
    } else if (name === HOST || /^gpu-/i.test(name)) {
      const why = `${dotted(here)} has the name of a device, which the ledger knows already.`
      report('manifest_conflict', { why, next: 'Choose another name.' }, key, here)
    }
  }
  if (entries.size > RESOURCES_MAX) {
    const expected = `a mapping of at most ${RESOURCES_MAX} names`
    const facts = { key: dotted(POOL_PATH), expected, got: `one of ${entries.size}`, nearest: [] }
    report('manifest_value', facts, entry.key, POOL_PATH)
  }
  return { counts: countsOf(entries), entries, nearest: nearestAmong([...entries.keys()]) }
}

/** Looked for once: a name of `defaults` is met again with every model. */
function nearestAmong(names: readonly string[]): Pool['nearest'] {
  const found = new Map<string, readonly string[]>()
  return (name) => {
    const known = found.get(name) ?? nearest(name, names)
    found.set(name, known)
    return known
  }
}

/**
 * What a model takes of each, the weakest layer first; 0 takes none. Reports names that the pool does not have, and
 * more than there is.
 */
export function readResources(layers: readonly Placed[], pool: Pool, report: Report): ModelSpec['resources'] {
  const wanted = new Map<string, number>()
  for (const { entry, path } of layers) {
    if (entry.node.kind !== 'mapping') continue
    for (const [name, { key, node }] of entry.node.entries) {
      const here = [...path, name]
      const there = pool.entries.get(name)
      const count = countOf(node)
      if (!there) {
        const expected = 'a mapping of names that stand under memory.resources'
        const facts = { key: dotted(path), expected, got: quote(name), nearest: pool.nearest(name) }
        report('manifest_value', facts, key, here)
      } else if (count !== undefined && count > (pool.counts[name] ?? count)) {
        const why = `${dotted(here)} is ${describe(node)}, and ${dotted([...POOL_PATH, name])} is ${describe(there.node)}.`
        report('manifest_conflict', { why, next: 'Take less, or say that there is more.' }, node.span, here)
      }
      wanted.set(name, count ?? 0)
    }
  }
  return Object.fromEntries([...wanted].filter(([, count]) => count > 0))
}

function countsOf(entries: ReadonlyMap<string, Entry>): MemorySpec['resources'] {
  const counts = [...entries].flatMap(([name, { node }]) => {
    const count = countOf(node)
    return count === undefined ? [] : [[name, count] as const]
  })
  return Object.fromEntries(counts)
}

/** Undefined for what the schema has refused. */
function countOf(node: TreeNode): number | undefined {
  const value = node.kind === 'scalar' ? node.value : null
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined
}
