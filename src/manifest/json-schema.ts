import { z } from 'zod'
import { NAME_LENGTH_MAX } from './limits.ts'
import { NAME } from './names.ts'
import { topShape } from './schema.ts'
import { ENGINE, ENGINES, HEALTH, MEMORY, MODEL, MODEL_DEFAULTS, SERVER } from './sections.ts'

type Shape = Readonly<Record<string, z.ZodType>>
/** A schema, or true for anything and false for nothing. */
type Json = z.core.JSONSchema._JSONSchema
type Schema = z.core.JSONSchema.JSONSchema

/** A text with `${NAME}` in it may stand for anything. */
const VARIABLE = { type: 'string', pattern: String.raw`\$\{` } as const

/**
 * The manifest as a JSON Schema (draft 7), for editors: every key with its type and what it means. What depends on
 * several keys, and the notations of sizes and durations, only `parseManifest` checks.
 */
export function manifestJsonSchema(): Schema {
  const schema = inside(z.toJSONSchema(manifestShape(), { target: 'draft-7', io: 'input' }))
  return { ...schema, patternProperties: { '^x-': { description: 'Free for notes and anchors.' } } }
}

/** The whole manifest as one shape: what the schema above and the reference page are made of. */
export function manifestShape(): z.ZodType {
  const names = z.string().regex(NAME).max(NAME_LENGTH_MAX)
  const { version, server, engines, memory, defaults, models } = topShape
  return z
    .strictObject({
      version,
      server: described(mapping(SERVER.shape), server).optional(),
      engines: described(mapping(enginesShape), engines).optional(),
      memory: described(mapping(MEMORY.shape), memory).optional(),
      defaults: described(modelMapping(MODEL_DEFAULTS.shape), defaults).optional(),
      models: described(z.record(names, modelMapping(MODEL.shape)), models),
    })
    .meta({ title: 'Manifest of Enginehouse' })
}

const enginesShape: Shape = Object.fromEntries(ENGINES.keys.map((name) => [name, mapping(ENGINE.shape)]))

function modelMapping(shape: Shape & { readonly health: z.ZodType }): z.ZodType {
  return mapping({ ...shape, health: described(mapping(HEALTH.shape), shape.health) })
}

/** A mapping of any of the keys and no other. */
function mapping(shape: Shape): z.ZodType {
  return z.strictObject(Object.fromEntries(Object.entries(shape).map(([key, value]) => [key, value.optional()])))
}

/** A schema with what another one says about itself. */
function described(schema: z.ZodType, by: z.ZodType): z.ZodType {
  return schema.meta({ ...by.meta() })
}

/** The same schema, where a variable may stand in the place of every value that is not any text. */
function withVariables(json: Json): Json {
  if (typeof json === 'boolean') return json
  const schema = inside(json)
  if (schema.anyOf) return takesText(schema) ? schema : { ...schema, anyOf: [...schema.anyOf, VARIABLE] }
  if (takesText(schema) || schema.type === 'object' || schema.type === 'array') return schema
  const { description, ...limits } = schema
  return { ...(description === undefined ? {} : { description }), anyOf: [limits, VARIABLE] }
}

/** Carries it out for what nests in a schema. The branches of a choice share one variable. */
function inside(schema: Schema): Schema {
  const { properties, additionalProperties, items, anyOf } = schema
  return {
    ...schema,
    ...(properties && { properties: mapValues(properties, withVariables) }),
    ...(additionalProperties !== undefined && { additionalProperties: withVariables(additionalProperties) }),
    ...(items !== undefined && !Array.isArray(items) && { items: withVariables(items) }),
    ...(anyOf && { anyOf: anyOf.map((branch) => (typeof branch === 'boolean' ? branch : inside(branch))) }),
  }
}

/** Is any text right? */
function takesText(json: Json): boolean {
  if (typeof json === 'boolean') return json
  if (json.anyOf) return json.anyOf.some(takesText)
  const isText = json.type === 'string' || (Array.isArray(json.type) && json.type.includes('string'))
  return isText && json.enum === undefined && json.const === undefined && json.pattern === undefined
}

function mapValues(values: Readonly<Record<string, Json>>, map: (value: Json) => Json): Record<string, Json> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]))
}
