import type { z } from 'zod'
import { quote } from '../core/index.ts'
import { nearest } from '../lib/nearest.ts'
import type { IssueNotes } from './leaves.ts'
import type { Path } from './path.ts'
import { dotted } from './path.ts'
import type { Report } from './problems.ts'
import type { Entry, TreeNode } from './node.ts'
import { nodeAt, withheld } from './node.ts'

type Issue = z.core.$ZodIssue

/** What may stand in a value, where zod's issues do not say it. */
export interface InnerKeys {
  readonly keys: readonly string[]
  /** Keys and values that INTERFACE 1 names and this version does not have. */
  readonly later: readonly string[]
}

/** Reports what zod has against the value of one key, at the places where it is written. */
export function reportIssues(
  issues: readonly Issue[],
  entry: Entry,
  path: Path,
  inner: InnerKeys,
  report: Report,
): void {
  const flat = issues.flatMap(flatten)
  const unknown = flat.filter((issue) => issue.code === 'unrecognized_keys').flatMap((issue) => issue.keys)
  const known = new Set(unknown.flatMap((key) => (inner.later.includes(key) ? inner.keys : nearest(key, inner.keys))))
  for (const issue of flat) {
    const at = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
    const here = [...path, ...at]
    const node = nodeAt(entry.node, at)
    if (issue.code === 'unrecognized_keys') reportUnknown(issue.keys, node, here, inner, report)
    else if (isMissing(entry.node, at)) {
      const key = String(at.at(-1))
      // A key that is only misspelt, or not there yet, is not missing as well.
      const span = at.length > 1 ? node.span : entry.key
      const facts = { key, at: dotted(here.slice(0, -1)), why: `it must be ${issue.message}` }
      if (!known.has(key)) report('manifest_missing_key', facts, span, here)
    } else reportValue(issue, node, here, inner, report)
  }
}

function reportUnknown(keys: readonly string[], node: TreeNode, path: Path, inner: InnerKeys, report: Report): void {
  for (const key of keys) {
    const span = (node.kind === 'mapping' ? node.entries.get(key)?.key : undefined) ?? node.span
    const here = [...path, key]
    if (inner.later.includes(key)) report('manifest_key_not_supported', { key: dotted(here) }, span, here)
    else {
      report('manifest_unknown_key', { key, at: dotted(path), nearest: nearest(key, inner.keys) }, span, here)
    }
  }
}

function reportValue(issue: Issue, node: TreeNode, path: Path, inner: InnerKeys, report: Report): void {
  const notes: IssueNotes = (issue.code === 'custom' ? issue.params : undefined) ?? {}
  const key = dotted(path)
  if (notes.later !== undefined) {
    report('manifest_key_not_supported', { key: notes.later }, node.span, path)
  } else if (node.kind === 'scalar' && issue.code === 'invalid_value' && inner.later.includes(node.written)) {
    report('manifest_key_not_supported', { key: `${path.at(-1)}: ${node.template ?? node.written}` }, node.span, path)
  } else {
    const names = notesNearest(notes, node) ?? (node.kind === 'scalar' ? nearest(node.written, optionsOf(issue)) : [])
    report('manifest_value', { key, expected: issue.message, got: describe(node), nearest: names }, node.span, path)
  }
}

/** Names that are made of what was written: none for a value that comes from variables. */
function notesNearest({ nearest: made }: IssueNotes, node: TreeNode): readonly string[] | undefined {
  return made !== undefined && withheld(node) !== undefined ? [] : made
}

/** The words that an issue of an enumeration, or of a union with one, would have taken. */
function optionsOf(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.filter((value) => typeof value === 'string')
  return issue.code === 'invalid_union'
    ? issue.errors
        .flat()
        .filter((inner) => inner.path.length === 0)
        .flatMap(optionsOf)
    : []
}

/**
 * An issue of a union as the issues of the one branch that was meant: the branch that takes what is written as a whole
 * (a list, a mapping, text), with the fewest issues inside. When no branch does, the union's own sentence stands.
 */
function flatten(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const meant = issue.errors
    .map((branch) => branch.flatMap(flatten))
    .filter((branch) => branch.length > 0 && !branch.some(isMismatch))
    .toSorted((a, b) => a.length - b.length)
    .at(0)
  return meant?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue]
}

function isMismatch(issue: Issue): boolean {
  if (issue.path.length > 0) return false
  return issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union'
}

function isMissing(node: TreeNode, path: Path): boolean {
  if (path.length === 0) return false
  const parent = nodeAt(node, path.slice(0, -1))
  return parent.kind === 'mapping' && !parent.entries.has(String(path.at(-1)))
}

function describeScalar({ value, written }: TreeNode & { readonly kind: 'scalar' }): string {
  if (value === null) return 'nothing'
  return typeof value === 'string' ? quote(value) : written
}

/** What is there instead, for "…, not X". */
export function describe(node: TreeNode): string {
  switch (node.kind) {
    case 'list':
      return node.items.length === 0 ? 'an empty list' : 'a list'
    case 'mapping':
      return node.entries.size === 0 ? 'an empty mapping' : 'a mapping'
    case 'scalar':
      return withheld(node) ?? describeScalar(node)
    default:
      return node satisfies never
  }
}
