import * as z from 'zod'

import { FORM_BODIES, INFERENCE_BODIES } from './bodies.ts'
import { FAMILIES, ROUTE_NOTES, type RouteNote } from './route-notes.ts'
import { SHAPE_SCHEMAS } from './shape-schemas.ts'

/** What the document is made of, as far as the page that shows it reads it. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly info: {
    readonly title: string
    readonly version: string
    readonly description: string
    readonly license: { readonly name: string; readonly identifier: string }
  }
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  /** The same with its markup, and more. */
  readonly description: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Content }>>
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: Schema
}

export type Schema = z.core.JSONSchema._JSONSchema
type Content = Readonly<Record<string, { readonly schema: Schema }>>

const WAKES = ' May start an engine; the first request waits for it.'

const ERROR_MEMBERS: Readonly<Record<string, Schema>> = {
  message: { type: 'string', description: 'What happened, and what to do.' },
  type: { type: 'string' },
  param: { type: ['string', 'null'], description: 'The field that it is about.' },
  code: { type: 'string', description: 'Stays the same over versions.' },
  next: { type: 'string', description: 'What to do, alone.' },
  facts: { type: 'object', description: 'What the message is made of.' },
}
const ERROR: Schema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: ERROR_MEMBERS,
    },
  },
}

/** Anthropic's, on its routes. */
const MESSAGES_ERROR: Schema = {
  type: 'object',
  required: ['type', 'error'],
  properties: {
    type: { type: 'string' },
    error: { type: 'object', required: ['type', 'message'], properties: ERROR_MEMBERS },
    request_id: { type: ['string', 'null'] },
  },
}

/** Of the same table that the reference pages are written from, which tests hold to the routes that are registered. */
export function openApiDocument(version: string): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {}
  for (const [route, note] of Object.entries(ROUTE_NOTES)) {
    const [method = '', url = ''] = route.split(' ')
    const path = url.replace(/\*/g, '{name}').replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(route, path, note) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Enginehouse',
      version,
      description:
        'One address for all models of a host. No key is asked for on loopback and unix sockets. ' +
        'Errors have one shape, and on /v1/messages that of Anthropic.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: Object.entries(FAMILIES).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: { ...componentSchemas(), Error: ERROR, MessagesError: MESSAGES_ERROR } },
  }
}

function operationOf(route: string, path: string, note: RouteNote): Operation {
  const body = INFERENCE_BODIES[route] ?? note.body
  const parameters: Parameter[] = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => parameter(name, 'path')),
    ...(note.query ?? []).map((name) => parameter(name, 'query')),
  ]
  return {
    // By the path with its parameters' names: `/v1/models` and one below it are two.
    operationId: `${route.split(' ', 1)[0]} ${path}`
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/_$/, ''),
    tags: [note.family],
    summary: sentence(note.what).replaceAll('`', ''),
    description: sentence(note.what) + (note.wakes === 'yes' ? WAKES : ''),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: !acceptsNothing(body), content: bodyOf(route, inline(body, 'input')) } }),
    responses: {
      '200': { description: 'As asked.', content: answerOf(note, body !== undefined) },
      default: {
        description: 'An error.',
        content: json({ $ref: `#/components/schemas/${isAnthropics(path) ? 'MessagesError' : 'Error'}` }),
      },
    },
  }
}

function isAnthropics(path: string): boolean {
  return path.startsWith('/v1/messages')
}

function parameter(name: string, place: Parameter['in']): Parameter {
  return { name, in: place, required: place === 'path', schema: { type: 'string' } }
}

function answerOf(note: RouteNote, hasBody: boolean): Content {
  if (note.type !== undefined) {
    const schema = note.answers === undefined ? ({ type: 'string' } as const) : answerSchema(note.answers)
    return { [note.type]: { schema } }
  }
  if (note.answers !== undefined) return json(answerSchema(note.answers))
  const anything = json({ type: 'object' })
  const isInference = (note.family === 'openai' || note.family === 'engines') && hasBody
  return isInference ? { ...anything, 'text/event-stream': { schema: { type: 'string' } } } : anything
}

/** `XShape`, or `{ key: XShape[], … }` where a key without a type is a count. Throws for what is written otherwise. */
export function answerSchema(answers: string): Schema {
  const whole = /^(\w+Shape)\b/.exec(answers)?.[1]
  if (whole !== undefined) return reference(whole)
  const members = /^\{ (.*) \}$/.exec(answers)?.[1]?.split(', ')
  if (members === undefined) throw new RangeError(`the answer ${answers} cannot be read`)
  const properties = Object.fromEntries(members.map(memberSchema))
  return { type: 'object', required: Object.keys(properties), properties }
}

function memberSchema(member: string): [string, Schema] {
  const match = /^(\w+)(?:: (\w+Shape)(\[\])?)?$/.exec(member)
  const [, name = '', shape, list] = match ?? []
  if (match === null) throw new RangeError(`the member ${member} cannot be read`)
  if (shape === undefined) return [name, { type: 'integer' }]
  return [name, list === undefined ? reference(shape) : { type: 'array', items: reference(shape) }]
}

function reference(shape: string): Schema {
  return { $ref: `#/components/schemas/${shape.replace(/Shape$/, '')}` }
}

function bodyOf(route: string, schema: Schema): Content {
  return FORM_BODIES.has(route) ? { 'multipart/form-data': { schema } } : json(schema)
}

function json(schema: Schema): Content {
  return { 'application/json': { schema } }
}

function acceptsNothing(body: z.ZodType): boolean {
  return body.safeParse({}).success
}

/** Each shape once, with references among them. */
function componentSchemas(): Readonly<Record<string, Schema>> {
  const registry = z.registry<{ id: string }>()
  for (const [name, schema] of Object.entries(SHAPE_SCHEMAS)) registry.add(schema, { id: name.replace(/Shape$/, '') })
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, unrepresentable: 'any' })
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, bare(schema)]))
}

function inline(schema: z.ZodType, io: 'input' | 'output'): Schema {
  return bare(z.toJSONSchema(schema, { io, unrepresentable: 'any' }))
}

/** In a document the dialect is said once, and names are by place. */
function bare({ $schema: _dialect, $id: _name, ...schema }: z.core.JSONSchema.BaseSchema): Schema {
  return schema
}

/** A note without its links, which lead to pages beside the reference. */
function sentence(note: string): string {
  const text = note.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
