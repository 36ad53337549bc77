import { isAlias, visit } from 'yaml'
import type { Alias, Document, Node } from 'yaml'

/**
 * What each alias of a document stands for: the last node with its anchor before it; undefined without one.
 * One pass over the text, because `Alias.resolve` walks the document again for every alias.
 */
export function resolveAliases(document: Document.Parsed): ReadonlyMap<Alias, Node | undefined> {
  const anchors = new Map<string, Node>()
  const aliases = new Map<Alias, Node | undefined>()
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) aliases.set(node, anchors.get(node.source))
      else if (node.anchor !== undefined) anchors.set(node.anchor, node)
    },
  })
  return aliases
}
