import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { manifestJsonSchema } from '../src/manifest/index.ts'

/*
 * Writes the JSON Schema that editors check manifests with, after a key of the manifest was added or changed:
 *   npx tsx scripts/write-schema.ts
 */
const path = fileURLToPath(new URL('../configs/manifest.schema.json', import.meta.url))
writeFileSync(path, `${JSON.stringify(manifestJsonSchema(), null, 2)}\n`)
console.log(path)
