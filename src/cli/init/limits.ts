import type { Millis } from '../../core/index.ts'

/**
 * What a search may cost. Weights lie in a few folders of a few levels; a home directory or a network disk that is
 * searched by accident must not keep anybody waiting.
 */
export const SEARCH = Object.freeze({
  /** Levels below a place that is named or known to hold weights: the hub's cache needs 3, LM Studio's folder 2. */
  depth: 8,
  /** Levels below the directory that the command happens to run in. */
  depthHere: 3,
  /** Directory entries over all places. */
  entries: 100_000,
  time: 10_000 satisfies Millis,
  /** Files whose headers are read; a manifest of more is not written by hand either. */
  files: 200,
})
