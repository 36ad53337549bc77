import { createRequire } from 'node:module'

/** The files of the package that the page needs; a name from outside is one of these or nothing. */
const ASSETS: Readonly<Record<string, string>> = Object.freeze({
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
})

/** Everything comes from this server; the library sets styles by itself and has its icons in data addresses. */
export const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export const DOCS_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Enginehouse: routes</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="routes"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

/** A file of its own, so that the page can forbid scripts within it. No validator of another host is asked. */
export const START_SCRIPT = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#routes', deepLinking: true, validatorUrl: null })
`

/** Null for what is not the page's. */
export function assetFile(name: string): { readonly path: string; readonly type: string } | null {
  const type = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined
  if (type === undefined) return null
  const require = createRequire(import.meta.url)
  // Two files of the package are read; its program is for browsers and is never run here.
  return { path: require.resolve(`swagger-ui-dist/${name}`), type }
}
