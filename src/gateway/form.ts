import { isUtf8 } from 'node:buffer'
import { EnginehouseError } from '../core/index.ts'
import { OUR_FIELDS } from './asked.ts'
import type { Asked } from './asked.ts'
import { MAX_PART_HEADERS, MAX_PARTS } from './limits.ts'
import type { Range } from './scan.ts'

/** What RFC 2046 lets a boundary be. */
const BOUNDARY = /^[A-Za-z0-9'()+_,./:=? -]{0,69}[A-Za-z0-9'()+_,./:=?-]$/
const FORM = /^multipart\/form-data\s*(?:;|$)/i
const BOUNDARY_PARAMETER = /;\s*boundary=(?:"([^"]*)"|([^\s;]*))/i
const NAME = /;\s*name=(?:"([^"]*)"|([^\s;]*))/i
const FILE = /;\s*filename\*?=/i
const YES: ReadonlySet<string> = new Set(['true', '1', 'on', 'yes'])

const LINE = Buffer.from('\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')
const DASHES = '--'

export function isForm(contentType: string | undefined): boolean {
  return contentType !== undefined && FORM.test(contentType)
}

/** The boundary that a form's content-type names. Throws form_invalid. */
export function boundaryOf(contentType: string): string {
  const found = BOUNDARY_PARAMETER.exec(contentType)
  const boundary = found?.[1] ?? found?.[2] ?? ''
  if (!BOUNDARY.test(boundary)) throw invalid('its content-type names no boundary')
  return boundary
}

export function formType(boundary: string): string {
  return `multipart/form-data; boundary=${/^[A-Za-z0-9'+_.-]+$/.test(boundary) ? boundary : `"${boundary}"`}`
}

/** What is asked in a multipart body; files in it are not looked at. Throws form_invalid, parameter_invalid, not_supported. */
export function readForm(body: Buffer, boundary: string): Asked {
  let modelAt: Range | null = null
  let stream = false
  for (const { name, at } of fieldsOf(body, boundary)) {
    if (OUR_FIELDS.some((field) => field === name))
      throw new EnginehouseError('not_supported', { what: `The field \`${name}\`` })
    if (name === 'stream') stream = YES.has(textAt(body, at).toLowerCase())
    if (name !== 'model') continue
    // Which of two counts is read differently by different servers.
    if (modelAt !== null) throw new EnginehouseError('parameter_invalid', { param: 'model', expected: 'given once' })
    modelAt = at
  }
  const model = modelAt === null ? null : textAt(body, modelAt)
  return { body, boundary, model, stream, streamable: false, modelAt, streamAt: null, inside: 0, empty: false }
}

/** A part of a form as text, to be put before its first one. */
export function formPart(boundary: string, name: string, value: string): string {
  return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
}

/** The parts that are no files, with where their values stand. */
function* fieldsOf(body: Buffer, boundary: string): Generator<{ readonly name: string; readonly at: Range }> {
  const between = Buffer.from(`\r\n--${boundary}`)
  const first = between.subarray(LINE.length)
  if (!body.subarray(0, first.length).equals(first)) throw invalid('it does not begin with its boundary')
  let at = first.length
  for (let count = 0; ; count++) {
    const next = body.toString('latin1', at, at + 2)
    if (next === DASHES) return
    if (next !== '\r\n') throw invalid(`a line should end at byte ${at}`)
    if (count === MAX_PARTS) throw invalid(`it has more than ${MAX_PARTS} parts`)
    // A part without headers would end them with the same line break.
    const headEnd = body.subarray(at, at + MAX_PART_HEADERS).indexOf(HEAD_END)
    if (headEnd < 0) throw invalid(`the headers of the part at byte ${at} do not end within ${MAX_PART_HEADERS} bytes`)
    const start = at + headEnd + HEAD_END.length
    const end = body.indexOf(between, start)
    if (end < 0) throw invalid('its last part does not end')
    const name = fieldName(body.toString('utf8', at, at + headEnd))
    if (name !== null) yield { name, at: { start, end } }
    at = end + between.length
  }
}

/** Null for a file, and for a part that names nothing. */
function fieldName(headers: string): string | null {
  const disposition = headers.split('\r\n').find((line) => /^content-disposition\s*:/i.test(line))
  if (disposition === undefined || FILE.test(disposition)) return null
  const found = NAME.exec(disposition)
  return found?.[1] ?? found?.[2] ?? null
}

function textAt(body: Buffer, { start, end }: Range): string {
  const bytes = body.subarray(start, end)
  if (!isUtf8(bytes)) throw invalid('a field in it is not valid UTF-8')
  return bytes.toString('utf8')
}

function invalid(why: string): EnginehouseError {
  return new EnginehouseError('form_invalid', { why })
}
