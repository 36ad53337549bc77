import { isScalar } from 'yaml'
import type { Document, Node, Scalar } from 'yaml'
import type { TreeNode } from './node.ts'
import type { Path } from './path.ts'
import type { Report, Span } from './problems.ts'
import { REFERENCE_MARK, substitute } from './variables.ts'
import type { Variables } from './variables.ts'

type ScalarNode = TreeNode & { readonly kind: 'scalar' }

/** What a scalar is read with. */
export interface ScalarPlace {
  readonly document: Document.Parsed
  readonly variables: Variables
  readonly report: Report
}

/** A scalar with variables in their places; those that are not set are reported, and stay as they are written. */
export function readScalar(node: Scalar, path: Path, place: ScalarPlace): ScalarNode {
  const { value } = node
  // What is under `x-` is the reader's own, until an alias takes it elsewhere.
  const free = typeof path[0] === 'string' && path[0].startsWith('x-')
  if (typeof value === 'string' && value.includes(REFERENCE_MARK) && !free) return readVarying(node, value, path, place)
  const written = node.type === 'PLAIN' && node.source !== undefined ? node.source : String(value)
  return scalarOf(value, written, spanOf(node))
}

/** What stands in quotes, in a block or behind a tag stays text; plain text is read again as if the value stood there. */
function readVarying(node: Scalar, template: string, path: Path, place: ScalarPlace): ScalarNode {
  const { document, variables, report } = place
  const { text, varies, unset, fault } = substitute(template, variables)
  const span = spanOf(node)
  const here = path.filter((part) => part !== '<<')
  if (fault !== undefined) report('manifest_variable_syntax', { why: fault }, span, here)
  else if (unset.length > 0) {
    const names = unset.flatMap(variables.nearest)
    report('manifest_variable_unset', { names: unset, nearest: [...new Set(names)] }, span, here)
  }
  const plain = node.type === 'PLAIN' && node.tag === undefined && fault === undefined && unset.length === 0
  const scalar = scalarOf(plain ? resolvePlain(text, document) : text, text, span)
  return varies ? { ...scalar, template } : scalar
}

/** What YAML takes a plain scalar with this text for: a number, a boolean, null or text, and never a structure. */
function resolvePlain(text: string, { schema, options }: Document.Parsed): unknown {
  for (const tag of schema.tags) {
    if (tag.default !== true || tag.collection !== undefined || tag.test?.test(text) !== true) continue
    const value = tag.resolve(text, () => undefined, options)
    return isScalar(value) ? value.value : value
  }
  return text
}

/**
 * A number that is not written the way we write numbers stays the text that it is, so that `1.10`, `0123` or 64 digits
 * of a digest never change on their way to an engine, and no key reads octal by surprise.
 */
function scalarOf(value: unknown, written: string, span: Span): ScalarNode {
  if (typeof value === 'number') {
    return { kind: 'scalar', value: String(value) === written ? value : written, written, span }
  }
  if (typeof value === 'string' || typeof value === 'boolean') return { kind: 'scalar', value, written, span }
  return { kind: 'scalar', value: null, written, span }
}

/** Offsets of a node in the text. */
export function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0]
  return [start, end]
}
