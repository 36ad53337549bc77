import { Document, visit } from 'yaml'

/** Nothing is folded or broken. */
const UNBROKEN = { lineWidth: 0, blockQuote: false, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER } as const

/** Plain data as YAML on one line, however long it gets; what would be read as something else is quoted. */
export function yamlLine(value: unknown): string {
  const isCollection = typeof value === 'object' && value !== null
  const document = new Document(value)
  visit(document, {
    Scalar(_key, node) {
      // Control characters, and what other readers take for the end of a line.
      if (typeof node.value === 'string' && /[\p{Cc}\u2028\u2029\uFEFF]/u.test(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString(isCollection ? { ...UNBROKEN, collectionStyle: 'flow' } : UNBROKEN).trimEnd()
}
