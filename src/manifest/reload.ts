import { EnginehouseError, sentenceOf } from '../core/index.ts'
import type { Evidence, Manifest, ManifestDiff, Operation, ReloadTrigger } from '../core/index.ts'
import { diffManifests, isEmptyDiff } from './diff.ts'
import type { ManifestProblem, ManifestProblems, PlacedProblems } from './problems.ts'
import type { ManifestResult } from './result.ts'

export type Reload =
  | {
      readonly kind: 'reloaded'
      readonly manifest: Manifest
      readonly diff: ManifestDiff
      readonly warnings: PlacedProblems
      /** Its `done` settles when what the reload takes down is gone. */
      readonly operation: Operation
    }
  /** Of a file that was saved and means what it meant. */
  | { readonly kind: 'unchanged' }
  /** Nothing changed. `problems` where it could be read at all. */
  | { readonly kind: 'refused'; readonly error: EnginehouseError; readonly problems: ManifestProblems | null }

export interface ReloadParts {
  /** Of the manifest, absolute. */
  readonly path: string
  /** Reads it, with everything that stands above it. Throws an EnginehouseError when it cannot be read. */
  read(): Promise<ManifestResult>
  /** The one in force. */
  current(): Manifest
  apply(next: Manifest, diff: ManifestDiff, trigger: ReloadTrigger): Operation
  refused(evidence: Evidence['manifest_refused']): void
  /** Of a manifest that is put in force. */
  warned(warnings: readonly ManifestProblem[]): void
}

/**
 * Reads the manifest again and puts it in force when nothing is wrong with it; a bad one changes nothing. One reload at
 * a time, in the order in which they were asked for: the last one read is the one in force.
 */
export function createReloader(parts: ReloadParts): (trigger: ReloadTrigger) => Promise<Reload> {
  let last: Promise<unknown> = Promise.resolve()
  let refused = false

  return (trigger) => {
    const result = last.then(() => reload(trigger))
    last = result.catch(() => undefined)
    return result
  }

  async function reload(trigger: ReloadTrigger): Promise<Reload> {
    const { path } = parts
    const read = await parts.read().catch((error: unknown) => asRefusal(error))
    if (read instanceof EnginehouseError) {
      refused = true
      parts.refused({ path, trigger, problems: 1, problem: read.message })
      return { kind: 'refused', error: read, problems: null }
    }
    if (read.kind === 'problems') {
      refused = true
      const [first] = read.problems
      const problem = first ? `${first.line}:${first.column} ${sentenceOf(first.code, first.facts)}` : ''
      const problems = read.problems.length
      parts.refused({ path, trigger, problems, problem })
      return { kind: 'refused', error: new EnginehouseError('manifest_invalid', { path, problems }), problems: read }
    }
    const { manifest, warnings } = read
    const diff = diffManifests(parts.current(), manifest)
    // A save that changed no meaning is no event, unless it mends what was refused before.
    if (trigger === 'file' && !refused && isEmptyDiff(diff)) return { kind: 'unchanged' }
    refused = false
    parts.warned(warnings.problems)
    return { kind: 'reloaded', manifest, diff, warnings, operation: parts.apply(manifest, diff, trigger) }
  }
}

function asRefusal(error: unknown): EnginehouseError {
  if (error instanceof EnginehouseError) return error
  throw error
}
