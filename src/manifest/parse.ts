import { effectiveSettings } from './effective.ts'
import { readEnvironment, withoutMark } from './environment.ts'
import { deepFreeze } from './freeze.ts'
import { MANIFEST_SIZE_MAX } from './limits.ts'
import type { Manifest } from '../core/index.ts'
import type { ManifestResult } from './result.ts'
import { positionsIn } from './positions.ts'
import { collectProblems } from './problems.ts'
import { checkTexts } from './texts.ts'
import { readTop } from './top.ts'
import type { ParseOptions } from './top.ts'
import { readTree } from './tree.ts'
import { parseYaml } from './yaml.ts'

/** A manifest from its text, or everything that is wrong with it. Throws nothing, whatever the text. */
export function parseManifest(text: string, options: ParseOptions): ManifestResult {
  return readDraft(text, options).result
}

export interface Draft {
  readonly result: ManifestResult
  /** What could be made out, also beside problems; null where nothing could. */
  readonly draft: Manifest | null
}

/** The same, with what tells which programs a manifest is about before everything in it is right. */
export function readDraft(text: string, options: ParseOptions): Draft {
  const source = withoutMark(text)
  const size = Buffer.byteLength(source)
  if (size > MANIFEST_SIZE_MAX) return { result: tooLarge(size, options.path), draft: null }
  const environment = readEnvironment(options)
  const { document, problems } = parseYaml(source, options.path)
  // What a broken `.env` sets is not known, so neither is what the values mean.
  const canRead = environment.problems.length === 0 && problems.count() === 0
  const tree = canRead ? readTree(document, environment.variables, problems.report) : undefined
  if (tree) checkTexts(tree, [], problems.report)
  const { path: file, overrides = {}, knowledge } = options
  const positionOf = positionsIn(source)
  const warnings = collectProblems(positionOf, file)
  const readable = tree || (canRead && problems.count() === 0)
  const manifest = readable ? readTop(tree, options, problems.report, warnings.report) : undefined
  if (manifest && problems.count() === 0) {
    const settings = () =>
      effectiveSettings({ tree, manifest, engines: knowledge.engines, overrides, file, positionOf })
    const warned = { problems: warnings.problems(), path: file, text: source }
    return { result: { kind: 'manifest', manifest: deepFreeze(manifest), warnings: warned, settings }, draft: manifest }
  }
  const all = [...environment.problems, ...problems.problems()]
  return { result: { kind: 'problems', problems: all, path: options.path, text: source }, draft: manifest ?? null }
}

/** The problem of a text that is not looked at, because reading it would take too long. */
export function tooLarge(size: number, path: string): ManifestResult {
  const problems = collectProblems(() => ({ line: 1, column: 1 }), path)
  problems.report('manifest_too_large', { size, limit: MANIFEST_SIZE_MAX }, [0, 1], [])
  return { kind: 'problems', problems: problems.problems(), path, text: '' }
}
