import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { ADAPTERS } from '../../engines/index.ts'
import { manifestJsonSchema } from '../../src/manifest/index.ts'
import { cliPage } from './cli.ts'
import { errorsPage, troubleshootingTable } from './errors.ts'
import { httpPage } from './http.ts'
import { manifestPage } from './manifest.ts'
import { metricsPage } from './metrics.ts'

/** Everything that is written from the code for people and editors: its path from the root, and its text. */
export async function referencePages(): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const pages = {
    'configs/manifest.schema.json': JSON.stringify(manifestJsonSchema(ADAPTERS), null, 2),
    'docs/reference/manifest.md': manifestPage(),
    'docs/reference/cli.md': cliPage(),
    'docs/reference/http.md': await httpPage(),
    'docs/reference/metrics.md': metricsPage(),
    'docs/reference/errors.md': errorsPage(),
    'docs/guide/troubleshooting.md': `${writtenPart('docs/guide/troubleshooting.md')}\n\n${troubleshootingTable()}`,
  }
  return Object.entries(pages).map(([path, text]) => ({ path, text: `${text.trimEnd()}\n` }))
}

/** A page whose first part is written by hand ends with this notice, and goes on from the code. */
const BORDER = /^<!-- From here on .* -->$/m

function writtenPart(path: string): string {
  const text = readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
  const [border] = BORDER.exec(text) ?? []
  if (border === undefined) throw new Error(`${path} has no line that says from where on it is written by the program`)
  return text.slice(0, text.indexOf(border) + border.length)
}
