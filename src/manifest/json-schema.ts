import { z } from 'zod'
import type { EngineDescription } from '../core/index.ts'
import { NAME_LENGTH_MAX, VARIANTS_MAX } from './limits.ts'
import { NAME } from './names.ts'
import { topShape } from './schema.ts'
import { engineSections, MEMORY, modelSections, SERVER } from './sections.ts'
import type { Section, Shape } from './sections.ts'

/** A schema, or true for anything and false for nothing. */
type Json = z.core.JSONSchema._JSONSchema
type Schema = z.core.JSONSchema.JSONSchema

/** A text with `${NAME}` in it may stand for anything. */
const VARIABLE = { type: 'string', pattern: String.raw`\$\{` } as const

/**
 * The manifest as a JSON Schema (draft 7), for editors: every key with its type and what it means. What depends on
 * several keys, and the notations of sizes and durations, only `parseManifest` checks.
 */
export function manifestJsonSchema(kinds: readonly EngineDescription[]): Schema {
  const schema = inside(
    z.toJSONSchema(manifestShape(kinds), { target: 'draft-7', io: 'input', override: sayWhatIsExpected }),
  )
  return { ...schema, patternProperties: { '^x-': { description: 'Free for notes and anchors.' } } }
}

/** The whole manifest as one shape: what the schema above and the reference page are made of. */
export function manifestShape(kinds: readonly EngineDescription[]): z.ZodType {
  const sections = modelSections(kinds)
  const programs = Object.entries(engineSections(kinds)).map(([name, section]) => [name, mapping(section)] as const)
  const names = z.string().regex(NAME).max(NAME_LENGTH_MAX)
  const { version, server, engines, memory, defaults, models } = topShape
  return z
    .strictObject({
      version,
      server: described(mapping(SERVER), server).optional(),
      engines: described(keys(Object.fromEntries(programs)), engines).optional(),
      memory: described(mapping(MEMORY), memory).optional(),
      defaults: described(mapping(sections.defaults), defaults).optional(),
      models: described(z.record(names, mapping(sections.model)), models),
    })
    .meta({ title: 'Manifest of Enginehouse' })
}

/** The phrase that ends "memory must be …": what every value that is no value of it is told; null for none of ours. */
export function expectedBy(schema: z.core.$ZodType): string | null {
  const [issue] = z.safeParse(schema, Symbol('no value')).error?.issues ?? []
  return issue === undefined || issue.message.startsWith('Invalid input') ? null : issue.message
}

type Override = NonNullable<z.core.ToJSONSchemaParams['override']>

/** After what a key does: an editor shows the description alone. */
const sayWhatIsExpected: Override = ({ zodSchema, jsonSchema }) => {
  const expected = expectedBy(zodSchema)
  const { description, hint } = jsonSchema
  // What may be left out has the description of what may be written, as it is by now.
  const isSaid = zodSchema._zod.def.type === 'optional'
  if (hint === undefined || expected === null || isSaid || jsonSchema.properties) return
  jsonSchema.description = `${description} Write ${expected}.`
}

/** A section with those that nest in it. */
function mapping({ shape, nested = {}, listed = {} }: Section<Shape>): z.ZodType {
  const inner = Object.entries(shape).map(([key, schema]) => {
    const section = nested[key]
    const item = listed[key]
    const whole = section ? mapping(section) : item && z.array(mapping(item)).max(VARIANTS_MAX)
    return [key, whole ? described(whole, schema) : schema] as const
  })
  return keys(Object.fromEntries(inner))
}

/** Any of the keys and no other. */
function keys(shape: Shape): z.ZodType {
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
  const { description, default: byDefault, examples, ...limits } = schema
  return {
    ...(description === undefined ? {} : { description }),
    anyOf: [limits, VARIABLE],
    ...(byDefault === undefined ? {} : { default: byDefault }),
    ...(examples === undefined ? {} : { examples }),
  }
}

/** Carries it out for what nests in a schema. The branches of a choice share one variable. */
function inside({ hint, ...schema }: Schema): Schema {
  const { properties, additionalProperties, items, anyOf } = schema
  return {
    ...schema,
    // As a manifest writes it: zod drops a default and examples of what it transforms.
    ...(typeof hint === 'object' ? hint : {}),
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
