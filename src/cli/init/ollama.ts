import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

import * as z from 'zod'

import type { Candidate } from './candidate.ts'

/** Host, namespace, model, tag. */
const LEVELS = 4
/** Its manifests are some hundred bytes; each is read whole. */
const MANIFEST_MAX = 64 * 1024

const manifest = z.object({ layers: z.array(z.object({ mediaType: z.string(), digest: z.string() })) })

/** The weights of models that Ollama pulled, by the names it has for them. At most `most`; what cannot be read is not there. */
export async function ollamaModels(directory: string, most: number): Promise<readonly Candidate[]> {
  const found: Candidate[] = []
  for (const parts of await leaves(join(directory, 'manifests'), LEVELS, most)) {
    const path = await weightsOf(directory, parts)
    if (path !== null) found.push({ path, name: nameOf(parts) })
  }
  return found
}

async function leaves(path: string, levels: number, most: number): Promise<readonly (readonly string[])[]> {
  const names = (await readdir(path).catch(() => [])).filter((name) => !name.startsWith('.')).toSorted()
  if (levels === 1) return names.slice(0, most).map((name) => [name])
  const found: (readonly string[])[] = []
  for (const name of names) {
    if (found.length >= most) break
    const below = await leaves(join(path, name), levels - 1, most - found.length)
    found.push(...below.map((parts) => [name, ...parts]))
  }
  return found
}

async function weightsOf(directory: string, parts: readonly string[]): Promise<string | null> {
  const path = join(directory, 'manifests', ...parts)
  try {
    const facts = await stat(path)
    if (!facts.isFile() || facts.size > MANIFEST_MAX) return null
    const { layers } = manifest.parse(JSON.parse(await readFile(path, 'utf8')))
    const digest = layers.find(({ mediaType }) => mediaType.endsWith('.image.model'))?.digest
    const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest ?? '') ?? []
    return hex === undefined ? null : join(directory, 'blobs', `sha256-${hex}`)
  } catch {
    // Of another version, half written, or not for us to read: then there is nothing to propose.
    return null
  }
}

/** `llama3.2:3b`; models of others than Ollama itself keep the name before the slash. */
function nameOf([, namespace = '', model = '', tag = '']: readonly string[]): string {
  return `${namespace === 'library' ? '' : `${namespace}/`}${model}:${tag}`
}
