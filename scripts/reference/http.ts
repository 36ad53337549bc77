import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { z } from 'zod'

import { HEADERS } from './headers.ts'
import { code, fenced, NOTICE, paragraphs, sentence, table } from './markdown.ts'
import { FAMILIES, REFUSED_ROUTES, ROUTE_NOTES, type RouteNote } from '../../src/admin/openapi/route-notes.ts'
import { registeredRoutes } from './routes.ts'

const SHAPES = fileURLToPath(new URL('../../src/admin/shapes.ts', import.meta.url))

/** Throws where a route has no note or a note no route: both would make the page tell what is not so. */
export async function httpPage(): Promise<string> {
  const routes = await registeredRoutes()
  const notes = Object.entries(ROUTE_NOTES)
  const silent = routes.filter((route) => !(route in ROUTE_NOTES) && !REFUSED_ROUTES.includes(route))
  const gone = notes.map(([route]) => route).filter((route) => !routes.includes(route))
  if (silent.length + gone.length > 0) {
    throw new Error(
      `src/admin/openapi/route-notes.ts: no note for ${silent.join(', ') || 'none'}; no route for ${gone.join(', ') || 'none'}`,
    )
  }
  return paragraphs(
    NOTICE,
    '# HTTP',
    'One server for all routes. Errors have one shape, and on `/v1/messages` Anthropic’s: see [errors](errors.md). `wakes` says ' +
      'whether a request may start an engine.',
    ...Object.entries(FAMILIES).flatMap(([family, heading]) => [
      `## ${heading}`,
      routeTable(notes.filter(([, note]) => note.family === family)),
    ]),
    '## Headers',
    'On inference routes; `x-request-id` on all.',
    table(
      ['header', 'in', 'meaning'],
      Object.entries(HEADERS).map(([name, note]) => [code(name), note.in, note.meaning]),
    ),
    '## Shapes',
    'What the operators’ routes answer. Fields are added, none is renamed.',
    fenced('ts', shapes()),
  )
}

function routeTable(notes: readonly (readonly [string, RouteNote])[]): string {
  const rows = notes.map(([route, note]) => [
    code(route),
    note.wakes,
    sentence(note.what),
    parameters(note),
    note.answers === undefined ? '' : code(note.answers),
  ])
  return table(['route', 'wakes', 'what', 'takes', 'answers'], rows)
}

function parameters({ body, query = [] }: RouteNote): string {
  const fields = body === undefined ? [] : fieldsOf(body)
  const kinds = [
    ['query', query],
    ['body', fields],
  ] as const
  return kinds
    .flatMap(([kind, names]) => (names.length === 0 ? [] : [`${kind}: ${names.map(code).join(', ')}`]))
    .join('; ')
}

/** `model`, `wait = true`. */
function fieldsOf(body: z.ZodObject): readonly string[] {
  const { properties = {} } = z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' })
  return Object.entries(properties).map(([name, each]) => {
    const standard = typeof each === 'object' ? each.default : undefined
    return standard === undefined ? name : `${name} = ${String(standard)}`
  })
}

/** The declarations without what only the compiler wants. */
function shapes(): string {
  const text = readFileSync(SHAPES, 'utf8')
  return text
    .slice(text.indexOf('\n\n') + 2)
    .replaceAll(/^export /gm, '')
    .replaceAll('readonly ', '')
}
