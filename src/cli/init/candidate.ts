import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import type { Bytes, Tokens } from '../../core/index.ts'
import { systemReason } from '../../lib/system-reason.ts'
import { readGguf, type GgufHeader } from '../../weights/index.ts'

/** A file that may be a model's. */
export interface Candidate {
  readonly path: string
  /** What it is called where it was found; null to take the file's own name. */
  readonly name: string | null
}

/** What a file says of the model in it. */
export interface Weights {
  readonly path: string
  readonly name: string | null
  /** `general.name`. */
  readonly title: string | null
  readonly architecture: string
  readonly trainedContext: Tokens
  /** Of all parts. */
  readonly bytes: Bytes
  readonly parts: number
  /** How it makes one vector of many; null for a model that writes text. */
  readonly pooling: 'mean' | 'cls' | 'last' | null
}

export type Inspected =
  | { readonly kind: 'weights'; readonly weights: Weights }
  /** `why` ends a sentence; null for what nobody would take for a model. */
  | { readonly kind: 'left_out'; readonly path: string; readonly why: string | null }

/** Files that go with a model and are none: projectors of images, matrices of importance, draft heads. */
const COMPANION = /mmproj|imatrix|(?:^|[-_.])(?:mtp|eagle3|dflash|dspark)-/i
const PART = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i
/** `<architecture>.pooling_type`, as llama.cpp numbers it; 4 is for rerankers. */
const POOLING: ReadonlyMap<unknown, Weights['pooling']> = new Map([
  [1, 'mean'],
  [2, 'cls'],
  [3, 'last'],
])
const RANK = 4
/** Encoders, which write no text whatever else their header says. */
const ENCODER = /bert|^t5encoder$/

/** Reads the header. Rejects never: a file that cannot be read is left out. */
export async function inspectCandidate({ path, name }: Candidate): Promise<Inspected> {
  const leftOut = (why: string | null): Inspected => ({ kind: 'left_out', path, why })
  const [, , part = '00001', of = '00001'] = PART.exec(basename(path)) ?? []
  if (COMPANION.test(basename(path)) || part !== '00001') return leftOut(null)
  try {
    const result = await readGguf(path)
    if (result.kind === 'wrong') return leftOut(result.why)
    const bytes = await sizeOf(path, Number(of))
    if (bytes === null) return leftOut(`not all of its ${Number(of)} parts are beside it`)
    return describe({ path, name, bytes, parts: Number(of) }, result.header)
  } catch (error) {
    return leftOut(systemReason(error))
  }
}

/** Of all parts; null when one is missing. */
async function sizeOf(path: string, parts: number): Promise<Bytes | null> {
  const [, prefix = '', , of = ''] = PART.exec(basename(path)) ?? []
  let bytes = 0
  for (let part = 1; part <= parts; part += 1) {
    const name = parts === 1 ? path : join(dirname(path), `${prefix}-${String(part).padStart(5, '0')}-of-${of}.gguf`)
    const facts = await stat(name).catch(() => null)
    if (facts === null) return null
    bytes += facts.size
  }
  return bytes
}

function describe(file: Pick<Weights, 'path' | 'name' | 'bytes' | 'parts'>, header: GgufHeader): Inspected {
  const leftOut = (why: string): Inspected => ({ kind: 'left_out', path: file.path, why })
  const { architecture, trainedContext, scalars } = header
  const type = scalars.get('general.type')
  if (typeof type === 'string' && type !== 'model') return leftOut(`it is no model of its own but of the type ${type}`)
  if (architecture === null || trainedContext === null) return leftOut('it is not a language model')
  const pooling = scalars.get(`${architecture}.pooling_type`)
  if (pooling === RANK) return leftOut('it is a reranker, which this version does not serve')
  const title = scalars.get('general.name')
  const weights: Weights = {
    ...file,
    title: typeof title === 'string' && title.trim() !== '' ? title : null,
    architecture,
    trainedContext,
    pooling: POOLING.get(pooling) ?? (ENCODER.test(architecture) ? 'mean' : null),
  }
  return { kind: 'weights', weights }
}
