import type { Manifest } from '../core/index.ts'
import type { Setting } from './effective.ts'
import type { ManifestProblems, PlacedProblems } from './problems.ts'

/** A manifest, or everything that is wrong with it. */
export type ManifestResult = ManifestRead | ManifestProblems

export interface ManifestRead {
  readonly kind: 'manifest'
  readonly manifest: Manifest
  /** What is right, and probably not meant. */
  readonly warnings: PlacedProblems
  /** Everything that holds, and where it comes from; made when it is asked for. */
  readonly settings: () => readonly Setting[]
}
