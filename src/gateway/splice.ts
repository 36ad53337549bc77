import type { Asked } from './asked.ts'
import { formPart } from './form.ts'

/** As the client asked, or as a stream whose pieces are gathered for a client that asked for none. */
export type Form = 'as_asked' | 'streamed'

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

const STREAMED = 'true,"stream_options":{"include_usage":true}'

/**
 * The body as the engine gets it: `model` is what the engine calls it, and where it is to be `streamed` it says so;
 * every other byte is the client's. Never re-serialised: a parser in between alters numbers above 2^53.
 */
export function bodyFor(asked: Asked, servedName: string, form: Form = 'as_asked'): Buffer {
  const { body, boundary, model, modelAt, streamAt, inside, empty } = asked
  if (modelAt !== null && model === servedName && form === 'as_asked') return body
  if (boundary !== null) return formFor(asked, boundary, servedName)
  const name = JSON.stringify(servedName)
  const edits: Edit[] = []
  const members: string[] = []
  if (modelAt === null) members.push(`"model":${name}`)
  else if (model !== servedName) edits.push({ ...modelAt, text: name })
  if (form === 'streamed') {
    if (streamAt === null) members.push(`"stream":${STREAMED}`)
    else edits.push({ ...streamAt, text: STREAMED })
  }
  if (members.length > 0) edits.push({ start: inside, end: inside, text: `${members.join(',')}${empty ? '' : ','}` })
  return splice(body, edits)
}

/** A form is never streamed. */
function formFor({ body, modelAt, inside }: Asked, boundary: string, servedName: string): Buffer {
  if (modelAt !== null) return splice(body, [{ ...modelAt, text: servedName }])
  return splice(body, [{ start: inside, end: inside, text: formPart(boundary, 'model', servedName) }])
}

/** Edits do not overlap. */
function splice(body: Buffer, edits: readonly Edit[]): Buffer {
  const grown = edits.reduce((sum, { start, end, text }) => sum + Buffer.byteLength(text) - (end - start), 0)
  const result = Buffer.allocUnsafe(body.length + grown)
  let from = 0
  let to = 0
  for (const { start, end, text } of edits.toSorted((one, other) => one.start - other.start)) {
    to += body.copy(result, to, from, start)
    to += result.write(text, to)
    from = end
  }
  body.copy(result, to, from)
  return result
}
