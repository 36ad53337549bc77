import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Alias, Document, Node, Scalar, YAMLMap } from 'yaml'
import { quote } from '../core/index.ts'
import { resolveAliases } from './aliases.ts'
import { ALIASED_NODES_MAX, DEPTH_MAX, VARYING_TEXT_MAX } from './limits.ts'
import type { Entry, TreeNode } from './node.ts'
import type { Path } from './path.ts'
import { dotted } from './path.ts'
import type { Report, Span } from './problems.ts'
import { readScalar, spanOf } from './scalar.ts'
import type { ScalarPlace } from './scalar.ts'
import type { Variables } from './variables.ts'

/** Tags that only say what the core schema finds by itself. */
const PLAIN_TAGS: ReadonlySet<string> = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
)

/** Would name the prototype of an object that is made from keys. */
const FORBIDDEN_KEY = '__proto__'

interface Walk extends ScalarPlace {
  readonly aliases: ReadonlyMap<Alias, Node | undefined>
  /** Nodes that are being expanded: one that is met again contains itself. */
  readonly open: Set<Node>
  /** Above 0: inside what an alias stands for. */
  aliasDepth: number
  aliasedNodes: number
  /** Characters of all values that variables stand in. */
  varyingText: number
  /** What is left is not walked: it would not end, or not soon. */
  stopped: boolean
}

const NOTHING: TreeNode = { kind: 'scalar', value: null, written: '', span: [0, 0] }

/**
 * Makes the tree of a document that the parser had nothing to say against, with variables in their places. Reports
 * duplicate and forbidden keys, unknown tags, bad aliases and variables that are not set; undefined when there is
 * nothing, or what is there cannot be walked to its end.
 */
export function readTree(document: Document.Parsed, variables: Variables, report: Report): TreeNode | undefined {
  const root = document.contents
  if (!root) return undefined
  const aliases = resolveAliases(document)
  const counts = { aliasDepth: 0, aliasedNodes: 0, varyingText: 0 }
  const walk: Walk = { document, variables, aliases, report, open: new Set(), ...counts, stopped: false }
  const tree = visit(root, [], walk)
  return walk.stopped ? undefined : tree
}

function visit(node: Node | null, path: Path, walk: Walk): TreeNode {
  if (node === null || walk.stopped) return NOTHING
  const span = spanOf(node)
  if (path.length > DEPTH_MAX) return stop(walk, 'it is nested too deeply', span)
  if (walk.aliasDepth > 0) walk.aliasedNodes += 1
  if (walk.aliasedNodes > ALIASED_NODES_MAX) {
    return stop(walk, `its aliases stand for more than ${ALIASED_NODES_MAX} values`, span)
  }
  if (isAlias(node)) return visitAlias(node, path, walk)
  if (node.tag !== undefined && !PLAIN_TAGS.has(node.tag)) {
    walk.report('manifest_syntax', { why: `the tag ${quote(node.tag)} is not known here` }, span, path)
  }
  if (isScalar(node)) return visitScalar(node, path, walk)
  walk.open.add(node)
  const collection = visitCollection(node, path, walk)
  walk.open.delete(node)
  return collection
}

function visitCollection(node: Node, path: Path, walk: Walk): TreeNode {
  if (isSeq<Node | null>(node)) {
    const items = node.items.map((item, index) => visit(item, [...path, index], walk))
    return { kind: 'list', items, span: spanOf(node) }
  }
  if (isMap<Scalar, Node | null>(node)) return visitMapping(node, path, walk)
  return stop(walk, 'this is neither a value, a list nor a mapping', spanOf(node))
}

function visitAlias(alias: Alias, path: Path, walk: Walk): TreeNode {
  const target = walk.aliases.get(alias)
  if (!target) return stop(walk, `no anchor &${alias.source} stands before this alias`, spanOf(alias))
  if (walk.open.has(target)) return stop(walk, 'this alias stands for something that contains it', spanOf(alias))
  walk.aliasDepth += 1
  const value = visit(target, path, walk)
  walk.aliasDepth -= 1
  return value
}

/** A key of the mapping itself wins over one that it merges, and an earlier merged mapping over a later one. */
function visitMapping(node: YAMLMap<Scalar, Node | null>, path: Path, walk: Walk): TreeNode {
  const entries = new Map<string, Entry>()
  const merged: TreeNode[] = []
  const seen = new Set<string>()
  for (const pair of node.items) {
    const name = String(pair.key.value)
    const key = spanOf(pair.key)
    const here = [...path, name]
    const value = placedAt(key, visit(pair.value, here, walk))
    if (seen.has(name)) walk.report('manifest_syntax', { why: `the key ${quote(name)} is written twice` }, key, here)
    else if (name === FORBIDDEN_KEY) {
      walk.report('manifest_unknown_key', { key: name, at: dotted(path), nearest: [] }, key, here)
    } else if (name === '<<' && pair.key.type === 'PLAIN') merged.push(value)
    else entries.set(name, { key, node: value })
    seen.add(name)
  }
  for (const source of merged) mergeInto(entries, source, path, walk)
  return { kind: 'mapping', entries, span: spanOf(node) }
}

/** A key without a value is shown where the key is. */
function placedAt(key: Span, node: TreeNode): TreeNode {
  return node.span[0] === node.span[1] ? { ...node, span: key } : node
}

function mergeInto(entries: Map<string, Entry>, source: TreeNode, path: Path, walk: Walk): void {
  if (source.kind === 'list') {
    for (const item of source.items) mergeInto(entries, item, path, walk)
  } else if (source.kind === 'mapping') {
    for (const [name, entry] of source.entries) if (!entries.has(name)) entries.set(name, entry)
  } else {
    walk.report('manifest_syntax', { why: '<< takes a mapping or a list of mappings' }, source.span, [...path, '<<'])
  }
}

function visitScalar(node: Scalar, path: Path, walk: Walk): TreeNode {
  const scalar = readScalar(node, path, walk)
  if (scalar.template !== undefined) walk.varyingText += scalar.written.length
  if (walk.varyingText <= VARYING_TEXT_MAX) return scalar
  return stop(walk, `the values that its variables stand in have more than ${VARYING_TEXT_MAX} characters`, scalar.span)
}

function stop(walk: Walk, why: string, span: Span): TreeNode {
  if (!walk.stopped) walk.report('manifest_syntax', { why }, span, [])
  walk.stopped = true
  return NOTHING
}
