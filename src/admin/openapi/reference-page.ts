import { createHash } from 'node:crypto'

import type { OpenApiDocument, Operation, Schema } from './document.ts'

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #888; --get: #2563eb; --post: #15803d }
* { box-sizing: border-box }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; display: grid; grid-template-columns: 19rem 1fr }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; border-right: 1px solid var(--line); font-size: 13px }
nav a { display: block; color: inherit; text-decoration: none; padding: .15rem 0; overflow-wrap: anywhere }
nav a:hover { text-decoration: underline }
main { padding: 1rem 2rem 4rem; max-width: 60rem; min-width: 0 }
section { border-top: 1px solid var(--line); padding: 1rem 0 }
h1 { margin: 0 0 .5rem } h2 { margin: 2rem 0 .5rem } h3 { margin: 0; font: 600 16px/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
h4 { margin: 1rem 0 .25rem; font-size: 13px; color: var(--soft) }
code { font-family: ui-monospace, monospace; font-size: 13px }
.method { font: 700 11px/1 ui-monospace, monospace; color: var(--get); display: inline-block; min-width: 2.6rem }
.post { color: var(--post) }
ul { list-style: none; margin: 0; padding-left: 1.25rem; border-left: 1px solid var(--line) }
.type { color: var(--soft) }
@media (max-width: 50rem) { body { display: block } nav { position: static; height: auto } main { padding: 1rem } }
`

/** No script and no file beside the page: the style is the only thing that is allowed, by its digest. */
export const REFERENCE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** The document on one page of plain HTML, to read, to search and to print. */
export function referencePage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]) => ({ path, method, operation })),
  )
  const families = document.tags.map((tag) => ({
    tag,
    operations: operations.filter(({ operation }) => operation.tags.includes(tag.name)),
  }))
  const { title, version, description } = document.info
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}: reference</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<nav>
<strong>${text(title)}</strong> ${text(version)}
${families.map(({ tag, operations: own }) => `<h4>${text(tag.description)}</h4>\n${own.map(link).join('\n')}`).join('\n')}
<h4>Shapes</h4>
${Object.keys(document.components.schemas)
  .map((name) => `<a href="#${text(name)}">${text(name)}</a>`)
  .join('\n')}
</nav>
<main>
<h1>${text(title)} ${text(version)}</h1>
<p>${prose(description)}</p>
${families.map(({ tag, operations: own }) => `<h2>${text(tag.description)}</h2>\n${own.map(showOperation).join('\n')}`).join('\n')}
<h2>Shapes</h2>
${Object.entries(document.components.schemas).map(showComponent).join('\n')}
</main>
</body>
</html>
`
}

interface Located {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}

function link({ path, method, operation }: Located): string {
  return `<a href="#${text(operation.operationId)}">${badge(method)} ${text(path)}</a>`
}

function showOperation({ path, method, operation }: Located): string {
  const { operationId, description, parameters = [], requestBody, responses } = operation
  return `<section id="${text(operationId)}">
<h3>${badge(method)} ${text(path)}</h3>
<p>${prose(description)}</p>
${parameters.length === 0 ? '' : `<h4>Parameters</h4><ul>${parameters.map((each) => item(each.name, each.in, each.required)).join('')}</ul>`}
${requestBody === undefined ? '' : `<h4>Body</h4>${showContent(requestBody.content)}`}
${Object.entries(responses)
  .map(([status, { description: what, content }]) => `<h4>${text(status)}: ${text(what)}</h4>${showContent(content)}`)
  .join('\n')}
</section>`
}

function item(name: string, type: string, isRequired: boolean): string {
  return `<li><code>${text(name)}</code> <span class="type">${text(type)}${isRequired ? ', required' : ''}</span></li>`
}

function showContent(content: Readonly<Record<string, { readonly schema: Schema }>>): string {
  return Object.entries(content)
    .map(([type, { schema }]) => `<div><code>${text(type)}</code> ${showSchema(schema)}</div>`)
    .join('\n')
}

function showComponent([name, schema]: readonly [string, Schema]): string {
  return `<section id="${text(name)}"><h3>${text(name)}</h3>${showSchema(schema)}</section>`
}

/** Its type, and its members below it. */
function showSchema(schema: Schema): string {
  if (typeof schema === 'boolean') return '<span class="type">anything</span>'
  const description = schema.description === undefined ? '' : ` ${prose(schema.description)}`
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, member]) =>
      `<li><code>${text(name)}</code>${schema.required?.includes(name) === true ? '' : ' <span class="type">optional</span>'} ${showSchema(member)}</li>`,
  )
  const inner = innerOf(schema).map(showSchema).join(' <span class="type">or</span> ')
  return `<span class="type">${typeOf(schema)}</span>${description}${inner === '' ? '' : ` ${inner}`}${members.length === 0 ? '' : `<ul>${members.join('')}</ul>`}`
}

type ObjectSchema = Exclude<Schema, boolean>

function typeOf(schema: ObjectSchema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace(/^.*\//, '')
    return `<a href="#${text(name)}">${text(name)}</a>`
  }
  if (schema.enum !== undefined) return text(schema.enum.map((each) => JSON.stringify(each)).join(' | '))
  if (schema.const !== undefined) return text(JSON.stringify(schema.const))
  if (schema.type === 'array') return 'list of'
  if (isMap(schema)) return 'object of'
  if (schema.anyOf !== undefined || schema.oneOf !== undefined) return ''
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : schema.type
  return text(type ?? 'anything')
}

function innerOf(schema: ObjectSchema): readonly Schema[] {
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return choices
  if (schema.type === 'array' && schema.items !== undefined) return [schema.items].flat()
  return isMap(schema) && schema.additionalProperties !== undefined ? [schema.additionalProperties] : []
}

/** Keys that nobody knows before, as against members that may have others beside them. */
function isMap({ type, properties, additionalProperties }: ObjectSchema): boolean {
  return type === 'object' && properties === undefined && typeof additionalProperties === 'object'
}

function badge(method: string): string {
  return `<span class="method ${text(method)}">${text(method.toUpperCase())}</span>`
}

/** Text with its `code`. */
function prose(value: string): string {
  return text(value).replace(/`([^`]*)`/g, '<code>$1</code>')
}

/** Whatever it says, it is text in a page. */
function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
