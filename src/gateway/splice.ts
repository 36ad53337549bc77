import type { Asked } from './asked.ts'
import { formPart } from './form.ts'

/**
 * The body as the engine gets it: `model` is what the engine calls it, every other byte is the client's.
 * Never re-serialised: a parser in between alters numbers above 2^53.
 */
export function bodyFor(asked: Asked, servedName: string): Buffer {
  if (asked.modelAt !== null && asked.model === servedName) return asked.body
  if (asked.boundary !== null) return formFor(asked, asked.boundary, servedName)
  if (asked.modelAt !== null)
    return splice(asked.body, asked.modelAt.start, asked.modelAt.end, JSON.stringify(servedName))
  const member = `"model":${JSON.stringify(servedName)}${asked.empty ? '' : ','}`
  return splice(asked.body, asked.inside, asked.inside, member)
}

function formFor({ body, modelAt, inside }: Asked, boundary: string, servedName: string): Buffer {
  if (modelAt !== null) return splice(body, modelAt.start, modelAt.end, servedName)
  return splice(body, inside, inside, formPart(boundary, 'model', servedName))
}

function splice(body: Buffer, start: number, end: number, text: string): Buffer {
  const inserted = Buffer.byteLength(text)
  const result = Buffer.allocUnsafe(start + inserted + body.length - end)
  body.copy(result, 0, 0, start)
  result.write(text, start)
  body.copy(result, start + inserted, end)
  return result
}
