import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bytes, Tokens } from '../core/index.ts'
import { readConfigFile, trainedContextOf } from './model-config.ts'
import { faultOfSafetensors } from './safetensors.ts'

const CONFIG = 'config.json'
const INDEX = /\.safetensors\.index\.json$/
const WEIGHTS = /\.safetensors$/
/** Another copy of the same weights, as one vendor's own tools want it. */
const OTHER_FORMAT = /^consolidated/
/** Python objects that run code when they are loaded. */
const PICKLE = /\.(?:bin|pt|pth|ckpt|pkl)$/

export type Directory =
  | { readonly kind: 'weights'; readonly bytes: Bytes; readonly trainedContext: Tokens | null }
  /** `why` ends a sentence, no full stop. */
  | { readonly kind: 'wrong'; readonly why: string }

/**
 * A directory of safetensors as engines in Python read it: `config.json` and, in the directory itself, either the files
 * that an index names or all that are there. Each is checked as far as its header tells. Rejects only with the error of
 * the file system.
 */
export async function inspectDirectory(path: string): Promise<Directory> {
  const names = (await readdir(path)).toSorted()
  if (!names.includes(CONFIG)) return wrong('the directory has no config.json')
  const config = await readConfigFile(join(path, CONFIG)).catch((error: unknown) => {
    if (error instanceof TypeError) return error.message
    throw error
  })
  if (typeof config === 'string') return wrong(config)
  const shards = await shardsOf(path, names)
  if (typeof shards === 'string') return wrong(shards)
  let bytes = 0
  for (const shard of shards) {
    const fault = await faultOfSafetensors(join(path, shard))
    if (fault !== null) return wrong(`${shard}: ${fault}`)
    bytes += (await stat(join(path, shard))).size
  }
  return { kind: 'weights', bytes, trainedContext: trainedContextOf(config) }
}

/** The files that make up the weights; a text for why there are none. */
async function shardsOf(path: string, names: readonly string[]): Promise<readonly string[] | string> {
  const here = names.filter((name) => WEIGHTS.test(name))
  const index = names.find((name) => INDEX.test(name) && !OTHER_FORMAT.test(name))
  if (index === undefined) {
    const own = here.filter((name) => !OTHER_FORMAT.test(name))
    if (here.length > 0) return own.length > 0 ? own : here
    return names.some((name) => PICKLE.test(name))
      ? 'its weights are pickled Python objects, which run code when they are loaded, and `allow_code` is not supported by this version'
      : 'the directory has no *.safetensors'
  }
  const named = namedShards(await readFile(join(path, index), 'utf8'))
  if (named === null) return `${index} does not name the files of the weights`
  const missing = named.filter((name) => !here.includes(name))
  return missing.length === 0 ? named : `${index} names ${missing[0]}, which is not there`
}

function namedShards(text: string): readonly string[] | null {
  let index: unknown
  try {
    index = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof index !== 'object' || index === null || !('weight_map' in index)) return null
  const { weight_map: map } = index
  if (typeof map !== 'object' || map === null) return null
  const files: unknown[] = [...new Set<unknown>(Object.values(map))]
  return files.every((file) => typeof file === 'string') && files.length > 0 ? files.toSorted() : null
}

function wrong(why: string): Directory {
  return { kind: 'wrong', why }
}
