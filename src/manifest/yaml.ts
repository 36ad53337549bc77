import { parseDocument } from 'yaml'
import type { Document, YAMLError } from 'yaml'
import { positionsIn } from './positions.ts'
import type { ProblemList, Span } from './problems.ts'
import { collectProblems } from './problems.ts'
import { REFERENCE_MARK } from './variables.ts'

export interface YamlText {
  readonly document: Document.Parsed
  readonly problems: ProblemList
}

/**
 * Parses manifest text. Every error and warning of the YAML parser is a problem, one per line: those that follow on the
 * same line come from the first. Keys are text whatever they look like.
 *
 * Uniqueness of keys is left to the tree: the parser compares each key with each other one, which takes half a minute
 * for a text of the size that is allowed.
 */
export function parseYaml(text: string, path: string): YamlText {
  const positionOf = positionsIn(text)
  const problems = collectProblems(positionOf, path)
  const document = parseDocument(text, {
    prettyErrors: false,
    uniqueKeys: false,
    stringKeys: true,
    // `silent` would accept a second document.
    logLevel: 'error',
  })
  const seen = new Set<number>()
  const found: readonly YAMLError[] = [...document.errors, ...document.warnings]
  for (const error of [...found].sort((a, b) => a.pos[0] - b.pos[0])) {
    const span = withinText(error.pos, text)
    const { line } = positionOf(span[0])
    if (seen.has(line)) continue
    seen.add(line)
    if (span[0] > 0 && text.startsWith(REFERENCE_MARK, span[0] - 1)) {
      // All that follows is read wrongly from here on.
      problems.report('manifest_syntax', { why: UNQUOTED }, [span[0] - 1, span[1]], [])
      break
    }
    problems.report('manifest_syntax', { why: reasonOf(error) }, span, [])
  }
  reportForeignVersion(document, problems)
  reportNul(text, problems)
  return { document, problems }
}

/** There YAML takes the brace of `${` for that of a mapping. */
const UNQUOTED = 'inside { } or [ ] a value with ${ in it must stand in quotes'

/** What is not closed is found at the end of the text, where there is nothing to show: the last character stands for it. */
function withinText([start, end]: Span, text: string): Span {
  const last = Math.max(0, text.trimEnd().length - 1)
  return start > last ? [last, last + 1] : [start, end]
}

/** YAML 1.1 reads `no` as false and `12:30` as a number; what a value means may not depend on a directive. */
function reportForeignVersion(document: Document.Parsed, { report }: ProblemList): void {
  const version = document.directives.yaml.explicit ? document.directives.yaml.version : '1.2'
  if (version === '1.2') return
  report('manifest_syntax', { why: `the manifest is read as YAML 1.2, not ${version}` }, [0, 1], [])
}

function reportNul(text: string, { report }: ProblemList): void {
  const offset = text.indexOf('\0')
  if (offset >= 0) report('manifest_syntax', { why: 'there is a NUL character' }, [offset, offset + 1], [])
}

function reasonOf(error: YAMLError): string {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent; use spaces'
    case 'MULTIPLE_DOCS':
      return 'a second document begins here, and a manifest is one document'
    case 'NON_STRING_KEY':
      return 'a key must be plain text'
    case 'RESOURCE_EXHAUSTION':
      return 'it is nested too deeply'
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a key cannot stand here; indent the keys of a mapping alike, and quote a value that contains ": "'
    default:
      return inSentence(error.message)
  }
}

/** The parser's own words as the end of a sentence. */
function inSentence(message: string): string {
  const line = (message.split('\n', 1)[0] ?? '').replace(/[.:\s]+$/, '')
  return /^[A-Z][a-z]/.test(line) ? line[0]?.toLowerCase() + line.slice(1) : line
}
