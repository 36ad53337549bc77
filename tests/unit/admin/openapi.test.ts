import { readFileSync } from 'node:fs'

import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'

import { openApiDocument } from '../../../src/admin/openapi/index.ts'
import { answerSchema } from '../../../src/admin/openapi/document.ts'
import { referencePage } from '../../../src/admin/openapi/reference-page.ts'
import { REFUSED_ROUTES, ROUTE_NOTES } from '../../../src/admin/openapi/route-notes.ts'
import { SHAPE_SCHEMAS } from '../../../src/admin/openapi/shape-schemas.ts'
import { registeredRoutes } from '../../../scripts/reference/routes.ts'
import { admin } from './stubs.ts'

const document = openApiDocument('0.1.0')

describe('the document', () => {
  it('is one by the specification’s own schema', async () => {
    const result = await new Validator().validate({ ...document })
    expect(result).toMatchObject({ valid: true })
  })

  it('has every route that is registered, and no other', async () => {
    const told = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, '{}')}`),
    )
    const there = (await registeredRoutes())
      .filter((route) => !REFUSED_ROUTES.includes(route))
      .map((route) => route.replace(/\*|:\w+/g, '{}'))
    expect(told.toSorted()).toEqual(there.toSorted())
    expect(told.length).toBeGreaterThan(40)
  })

  it('names each operation once, and refers to nothing that it does not have', () => {
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((each) => each.operationId),
    )
    expect(new Set(ids).size).toBe(ids.length)
    const refs = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name = '']) => name)
    expect(refs.filter((name) => !(name in document.components.schemas))).toEqual([])
    expect(refs.length).toBeGreaterThan(30)
  })

  it('has a schema for each shape', () => {
    const text = readFileSync(new URL('../../../src/admin/shapes.ts', import.meta.url), 'utf8')
    const names = [...text.matchAll(/^export interface (\w+)/gm)].map(([, name]) => name)
    expect(Object.keys(SHAPE_SCHEMAS).toSorted()).toEqual(names.toSorted())
  })

  it('reads how the notes tell answers', () => {
    expect(answerSchema('{ models: LoadedShape[], count }')).toEqual({
      type: 'object',
      required: ['models', 'count'],
      properties: {
        models: { type: 'array', items: { $ref: '#/components/schemas/Loaded' } },
        count: { type: 'integer' },
      },
    })
    expect(() => answerSchema('whatever')).toThrow(RangeError)
  })
})

/** GET routes that answer in a shape; a model of the stub where one is named. */
const SHAPED = Object.entries(ROUTE_NOTES)
  .filter(([route, note]) => route.startsWith('GET ') && note.answers !== undefined && note.type === undefined)
  .map(([route, note]) => [route.replace('GET ', '').replace('*', 'org/ready'), note.answers ?? ''] as const)

it.each(SHAPED)('%s answers as its schema says', async (url, answers) => {
  const query = url.endsWith('/explain') ? '?model=cold' : ''
  const answer = (await (await admin()).inject(url + query)).json()
  const [, shape = '', member, inside = ''] = /^(?:(\w+Shape)|\{ (\w+): (\w+Shape)\[\].*\})$/.exec(answers) ?? []
  const values: unknown[] = member === undefined ? [answer] : answer[member]
  const schema = SHAPE_SCHEMAS[shape || inside]
  expect(values.map((value) => schema?.safeParse(value).error?.message)).toEqual(values.map(() => undefined))
})

describe('the pages', () => {
  it('name no other host, run nothing that is not theirs, and cannot be framed', async () => {
    const app = await admin()
    for (const url of ['/docs', '/redoc']) {
      const { statusCode, headers, body } = await app.inject(url)
      expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
      expect(body).not.toMatch(/https?:|src="\/\/|href="\/\//)
      const policy = String(headers['content-security-policy'])
      expect(policy).toMatch(/^default-src 'none';.*frame-ancestors 'none'/)
      expect(policy).not.toMatch(/https?:|\*|script-src[^;]*unsafe/)
    }
  })

  it('of /docs has its files, and gives no others', async () => {
    const app = await admin()
    const { body } = await app.inject('/docs')
    const files = [...body.matchAll(/"(\/docs\/[^"]+)"/g)].map(([, file = '']) => file)
    expect(files.length).toBe(3)
    for (const file of files) {
      const answer = await app.inject(file)
      expect([answer.statusCode, answer.headers['x-content-type-options']]).toEqual([200, 'nosniff'])
      expect(answer.headers['content-type']).toMatch(file.endsWith('.css') ? /^text\/css/ : /^text\/javascript/)
      expect(answer.body.length).toBeGreaterThan(50)
    }
    for (const file of ['index.js', 'package.json', '..%2Fpackage.json', '__proto__', 'swagger-ui.css%00']) {
      expect((await app.inject(`/docs/${file}`)).statusCode, file).toBe(404)
    }
  })

  it('of /redoc has every route and shape, as text whatever they hold', () => {
    const html = referencePage(document)
    for (const path of Object.keys(document.paths)) expect(html).toContain(` ${path}</h3>`)
    for (const name of Object.keys(document.components.schemas)) expect(html).toContain(`<section id="${name}">`)
    const info = { ...document.info, title: '<img src=x onerror="alert(1)">' }
    expect(referencePage({ ...document, info })).not.toContain('<img')
  })
})
