import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

import { referencePages } from './reference/index.ts'

/*
 * Writes docs/reference/, the table of docs/guide/troubleshooting.md and the manifest's JSON Schema, after an error, a
 * key, a command, a route or a metric was added or changed:
 *   npx tsx scripts/write-reference.ts
 */
for (const { path, text } of await referencePages()) {
  const place = fileURLToPath(new URL(`../${path}`, import.meta.url))
  mkdirSync(dirname(place), { recursive: true })
  writeFileSync(place, text)
  console.log(path)
}
