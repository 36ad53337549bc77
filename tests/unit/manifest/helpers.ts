import { readFileSync } from 'node:fs'
import { assert } from 'vitest'
import { ADAPTERS } from '../../../engines/index.ts'
import type { Manifest, ModelSpec } from '../../../src/core/index.ts'
import { parseManifest } from '../../../src/manifest/index.ts'
import type { Knowledge, ManifestProblems, ManifestResult, ParseOptions } from '../../../src/manifest/index.ts'

const RESERVED = new Map([
  ['--host', 'the daemon chooses where the engine listens'],
  ['-c', '`context` says it'],
  ['--ctx-size', '`context` says it'],
])
const LIMITED = new Map([['--cache-ram', { matches: /^\d+$/, expected: 'a whole number of MiB' }]])
export const ON_CPU: Knowledge = {
  gpus: false,
  engines: ADAPTERS.map((adapter) => ({ ...adapter, reservedFlags: RESERVED, limitedFlags: LIMITED })),
}
export const ON_GPU: Knowledge = { ...ON_CPU, gpus: true }

/** Where variables come from, and what stands above the manifest. */
type Around = Pick<ParseOptions, 'environment' | 'envFile' | 'overrides'>

export function parse(text: string, knowledge = ON_CPU, around: Around = {}): ManifestResult {
  return parseManifest(text, { path: '/etc/test/enginehouse.yaml', directory: '/etc/test', knowledge, ...around })
}

export function parseGood(text: string, knowledge = ON_CPU, around: Around = {}): Manifest {
  const result = parse(text, knowledge, around)
  assert(result.kind === 'manifest', result.kind === 'problems' ? JSON.stringify(result.problems) : '')
  return result.manifest
}

export function parseBad(text: string, knowledge = ON_CPU, around: Around = {}): ManifestProblems {
  const result = parse(text, knowledge, around)
  assert(result.kind === 'problems', 'the manifest was accepted')
  return result
}

/** The one model of a manifest whose body is given, each line of it a key. */
export function modelOf(lines: readonly string[], knowledge = ON_CPU, around: Around = {}): ModelSpec {
  const body = lines.map((line) => `    ${line}\n`).join('')
  const model = parseGood(`version: 1\nmodels:\n  m:\n${body}`, knowledge, around).models.get('m')
  assert(model)
  return model
}

export function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/manifests/${name}`, import.meta.url), 'utf8')
}
