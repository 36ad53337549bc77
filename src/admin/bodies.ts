import * as z from 'zod'

import type { Millis } from '../core/index.ts'
import { EnginehouseError, parseDuration } from '../core/index.ts'
import { LOG_LEVELS } from '../telemetry/index.ts'

export const modelField = z.string({ error: 'the name or alias of a model' }).min(1, 'the name or alias of a model')
const flag = z.boolean({ error: 'true or false' })
const duration = z
  .union([z.string(), z.number()], { error: 'a duration such as 2h' })
  .transform((text, context): Millis => {
    const parsed = parseDuration(text)
    if (parsed !== undefined && parsed > 0) return parsed
    context.addIssue('a duration such as 2h')
    return z.NEVER
  })

export const loadBody = z.strictObject({ model: modelField, wait: flag.default(true), dry_run: flag.default(false) })
export const unloadBody = loadBody
export const unloadAllBody = z.strictObject({ wait: flag.default(true), dry_run: flag.default(false) })
/** `for`: how long; without it until unpinned. */
export const pinBody = z.strictObject({
  model: modelField,
  for: duration.nullable().default(null),
  wait: flag.default(false),
})
export const restartBody = loadBody
export const clearBody = z.strictObject({
  device: z.string({ error: 'the id of a device' }).min(1, 'the id of a device'),
})
export const unpinBody = z.strictObject({ model: modelField })
export const levelBody = z.strictObject({ level: z.enum(LOG_LEVELS, { error: `one of ${LOG_LEVELS.join(', ')}` }) })

/** The text of a manifest, as it would stand in the daemon's file. */
export const manifestBody = z.strictObject({ manifest: z.string({ error: 'the text of a manifest' }) })
export const noBody = z.strictObject({})

/** Throws json_invalid for what is not an object, parameter_invalid naming the first field that is wrong. */
export function readBody<T extends z.ZodObject>(schema: T, body: unknown): z.output<T> {
  const given = body ?? {}
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new EnginehouseError('json_invalid', { why: 'it is valid JSON of another kind' })
  }
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const { issues } = result.error
  // A name that is not known explains why another one is missing.
  throw fieldError(issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0], Object.keys(schema.shape))
}

function fieldError(issue: z.core.$ZodIssue | undefined, fields: readonly string[]): EnginehouseError {
  if (issue?.code === 'unrecognized_keys') {
    const param = issue.keys[0] ?? ''
    return new EnginehouseError('parameter_invalid', {
      param,
      expected: `left out: this route takes ${fields.join(', ')}`,
    })
  }
  return new EnginehouseError('parameter_invalid', {
    param: issue?.path.join('.') ?? '',
    expected: issue?.message ?? 'valid',
  })
}
