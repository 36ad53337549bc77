import type { ModelSpec } from '../../src/core/index.ts'

/*
 * What a manifest's `args` say to the engine, of a flag in any of its spellings: given without dashes.
 */

/** Undefined for a flag that is not there, is bare or is repeated. */
export function textIn(model: ModelSpec, flags: readonly string[]): string | undefined {
  const texts = textsIn(model, flags)
  return texts.length === 1 ? texts[0] : undefined
}

/** Of a flag that may be repeated. */
export function textsIn(model: ModelSpec, flags: readonly string[]): readonly string[] {
  return model.args.flatMap(([name, value]) => {
    if (value === true || !flags.includes(name.replace(/^-+/, '').replaceAll('_', '-'))) return []
    return typeof value === 'string' ? [value] : value
  })
}

/** A whole number; undefined for anything else. */
export function numberIn(model: ModelSpec, flags: readonly string[]): number | undefined {
  const text = textIn(model, flags)
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** Files that flags name beside the weights, each with the flag, as the manifest writes their paths. */
export interface FlagFiles {
  readonly projectors: readonly FlagFile[]
  readonly adapters: readonly FlagFile[]
  readonly draft: FlagFile | null
}

export interface FlagFile {
  readonly flag: string
  readonly path: string
}

const PROJECTOR = ['mmproj', 'mm'] as const
const DRAFT = ['model-draft', 'md', 'spec-draft-model'] as const

export function flagFiles(model: ModelSpec): FlagFiles {
  const named = (flag: string, paths: readonly string[]): FlagFile[] => paths.map((path) => ({ flag, path }))
  const listed = (flag: string): string[] =>
    textsIn(model, [flag])
      .flatMap((text) => text.split(','))
      .filter(Boolean)
  const draft = textIn(model, DRAFT)
  return {
    projectors: named('mmproj', textsIn(model, PROJECTOR)),
    adapters: [
      ...named('lora', listed('lora')),
      ...named(
        'lora-scaled',
        listed('lora-scaled').map((text) => text.replace(/:[^:]*$/, '')),
      ),
    ],
    draft: draft === undefined ? null : { flag: 'model-draft', path: draft },
  }
}
