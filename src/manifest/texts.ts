import type { Path } from './path.ts'
import { dotted } from './path.ts'
import type { Report } from './problems.ts'
import type { TreeNode } from './node.ts'

/**
 * Reports text that no value may have: a NUL would cut an argument short. What is under `x-` at the top is the reader's
 * own.
 */
export function checkTexts(node: TreeNode, path: Path, report: Report): void {
  switch (node.kind) {
    case 'scalar':
      if (typeof node.value !== 'string') return
      if (node.value.includes('\0')) {
        const facts = { key: dotted(path), expected: 'text without a NUL character', got: 'text with one', nearest: [] }
        report('manifest_value', facts, node.span, path)
      }
      return
    case 'list':
      for (const [index, item] of node.items.entries()) checkTexts(item, [...path, index], report)
      return
    case 'mapping':
      for (const [key, entry] of node.entries) {
        if (path.length > 0 || !key.startsWith('x-')) checkTexts(entry.node, [...path, key], report)
      }
      return
    default:
      node satisfies never
  }
}
