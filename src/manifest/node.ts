import { quote } from '../core/index.ts'
import type { Path } from './path.ts'
import type { Span } from './problems.ts'

/** A value of the manifest with aliases and merges carried out, and with the place where it is written. */
export type TreeNode =
  | {
      readonly kind: 'scalar'
      readonly value: string | number | boolean | null
      readonly written: string
      /** The text in the file, where it has variables: what a problem may show, because the value may be a secret. */
      readonly template?: string
      readonly span: Span
    }
  | { readonly kind: 'list'; readonly items: readonly TreeNode[]; readonly span: Span }
  | { readonly kind: 'mapping'; readonly entries: ReadonlyMap<string, Entry>; readonly span: Span }

export interface Entry {
  readonly key: Span
  readonly node: TreeNode
}

/** An entry with the path of its key. */
export interface Placed {
  readonly entry: Entry
  readonly path: Path
}

/** What nests in a value of the manifest, as plain data. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain }

/**
 * Plain data of a node. Numbers and booleans that stand `writtenFrom` levels below it or deeper become the text as
 * written: what an engine gets is never what we take a text for.
 */
export function plainOf(node: TreeNode, writtenFrom: number): Plain {
  switch (node.kind) {
    case 'scalar':
      return writtenFrom <= 0 && node.value !== null ? node.written : node.value
    case 'list':
      return node.items.map((item) => plainOf(item, writtenFrom - 1))
    case 'mapping':
      return Object.fromEntries(
        [...node.entries].map(([name, { node: inner }]) => [name, plainOf(inner, writtenFrom - 1)]),
      )
  }
}

/**
 * Plain data of a node for people: the same as `plainOf`, with the names of variables in the places of their values, and
 * text that means the same when it is read again.
 */
export function plainShown(node: TreeNode, writtenFrom: number): Plain {
  switch (node.kind) {
    case 'scalar': {
      if (node.template !== undefined) return node.template
      const asWritten = writtenFrom <= 0 && node.value !== null && String(node.value) !== node.written
      const value = asWritten ? node.written : node.value
      return typeof value === 'string' ? value.replaceAll('${', () => '$${') : value
    }
    case 'list':
      return node.items.map((item) => plainShown(item, writtenFrom - 1))
    case 'mapping':
      return Object.fromEntries(
        [...node.entries].map(([name, { node: inner }]) => [name, plainShown(inner, writtenFrom - 1)]),
      )
  }
}

/** What a problem says instead of a value that comes from variables; undefined for any other. */
export function withheld(node: TreeNode): string | undefined {
  return node.kind === 'scalar' && node.template !== undefined ? `the value of ${quote(node.template)}` : undefined
}

/** The node at a path below another, or the deepest one on the way there. */
export function nodeAt(node: TreeNode, path: Path): TreeNode {
  let found = node
  for (const part of path) {
    const next = childOf(found, part)
    if (!next) return found
    found = next
  }
  return found
}

function childOf(node: TreeNode, part: string | number): TreeNode | undefined {
  if (node.kind === 'list') return typeof part === 'number' ? node.items[part] : undefined
  return node.kind === 'mapping' ? node.entries.get(String(part))?.node : undefined
}
