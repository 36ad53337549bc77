import type { Report } from './problems.ts'

const BLANK = /^[ \t]*(?:#.*)?$/
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** What may follow a value in quotes. */
const AFTER_QUOTES = /^[ \t]*(?:[ \t]#.*)?$/
const ESCAPES: Readonly<Record<string, string>> = Object.freeze({
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  '\\': '\\',
  $: '$',
  '`': '`',
})

/**
 * Variables of a `.env` file: `NAME=value`, one on a line, `export` before it if you like. Blank lines and those that
 * begin with # are skipped. A value without quotes ends before ` #` and has no spaces around it; in single quotes it is
 * as written; in double quotes \n \r \t \" \\ \$ and \` are known. Nothing is filled in from other variables.
 *
 * Values are secrets as often as not: no problem repeats a part of a line other than a well-formed name.
 */
export function parseEnvFile(text: string, report: Report): ReadonlyMap<string, string> {
  const variables = new Map<string, string>()
  let start = 0
  for (const line of text.split('\n')) {
    const offset = start
    start += line.length + 1
    readLine(line.replace(/\r$/, ''), variables, (why, from, to) => {
      report('env_file_syntax', { why }, [offset + from, offset + to], [])
    })
  }
  return variables
}

/** Says what is wrong with a part of a line. */
type Fault = (why: string, from: number, to: number) => void

function readLine(line: string, variables: Map<string, string>, fault: Fault): void {
  if (BLANK.test(line)) return
  if (line.includes('\0')) return fault('there is a NUL character', line.indexOf('\0'), line.indexOf('\0') + 1)
  const start = /^[ \t]*(?:export[ \t]+)?/.exec(line)?.[0].length ?? 0
  const equals = line.indexOf('=', start)
  if (equals < 0) return fault('there is no = in it', start, line.length)
  const name = line.slice(start, equals).trimEnd()
  if (!NAME.test(name)) {
    return fault('what stands before = is no name of letters, digits and _', start, Math.max(equals, start + 1))
  }
  if (variables.has(name)) return fault(`${name} is set twice`, start, start + name.length)
  const value = readValue(line, equals + 1, fault)
  if (value !== undefined) variables.set(name, value)
}

/** Undefined when a fault was told. */
function readValue(line: string, from: number, fault: Fault): string | undefined {
  const rest = line.slice(from)
  const opening = from + rest.length - rest.trimStart().length
  const quote = line[opening]
  if (quote !== '"' && quote !== "'") return rest.replace(/[ \t]#.*$/, '').trim()
  const quoted = quote === "'" ? readSingle(line, opening + 1) : readDouble(line, opening + 1, fault)
  if (quoted === undefined) return undefined
  if (quoted.end >= line.length) {
    fault('its quotes are not closed before the line ends; in double quotes \\n is a line feed', opening, line.length)
    return undefined
  }
  const after = line.slice(quoted.end + 1)
  if (AFTER_QUOTES.test(after)) return quoted.value
  fault('something follows the closing quote', quoted.end + 1, line.length)
  return undefined
}

interface Quoted {
  readonly value: string
  /** Of the closing quote; the line's length when there is none. */
  readonly end: number
}

function readSingle(line: string, from: number): Quoted {
  const found = line.indexOf("'", from)
  const end = found < 0 ? line.length : found
  return { value: line.slice(from, end), end }
}

function readDouble(line: string, from: number, fault: Fault): Quoted | undefined {
  let value = ''
  let at = from
  while (at < line.length && line[at] !== '"') {
    if (line[at] !== '\\') value += line[at]
    else {
      const meant = ESCAPES[line[at + 1] ?? '']
      if (meant === undefined && at + 1 < line.length) {
        fault('this escape is not known; \\\\ is a backslash, and single quotes keep all as it is', at, at + 2)
        return undefined
      }
      value += meant ?? ''
      at += 1
    }
    at += 1
  }
  return { value, end: Math.min(at, line.length) }
}
