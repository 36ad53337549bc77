import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { ModelSpec, Source } from '../../../src/core/index.ts'
import { ADAPTERS } from '../../../engines/index.ts'
import { adapterFor } from '../../../src/engine/index.ts'
import { createWeights } from '../../../src/weights/index.ts'
import type { WeightsProgress, WeightsRoom } from '../../../src/weights/index.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'
import { tinyGguf } from '../../fixtures/tiny-gguf.ts'
import { testEnvironment } from '../../support/run.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

export const GOOD = tinyGguf()
export const GOOD_SHA256 = createHash('sha256').update(GOOD).digest('hex')

export type ExecSource = Extract<Source, { kind: 'exec' }>

export interface Bench {
  readonly directory: string
  readonly manifestDirectory: string
  readonly told: readonly { readonly model: string; readonly progress: WeightsProgress }[]
  /** A new daemon over the same state directory. */
  room(): WeightsRoom
  /** A source that runs this shell text with {dest} as $1, and counts its runs. */
  shell(text: string, sha256?: string): ExecSource
  runs(): number
}

export const COPY_GOOD = 'cat good.gguf > "$1"'

export function bench(): Bench {
  const base = temporaryDirectory()
  const directory = join(base, 'weights')
  const runs = join(base, 'runs')
  const told: { model: string; progress: WeightsProgress }[] = []
  writeFileSync(join(base, 'good.gguf'), GOOD)
  return {
    directory,
    manifestDirectory: base,
    told,
    room: () =>
      createWeights({
        directory,
        reads: (engine) => adapterFor(ADAPTERS, engine).reads,
        manifestDirectory: base,
        environment: testEnvironment(),
        onProgress: (model, progress) => told.push({ model, progress }),
      }),
    shell: (text, sha256 = GOOD_SHA256) => ({
      kind: 'exec',
      argv: ['sh', '-c', `echo run >> runs\n${text}`, 'sh', '{dest}'],
      sha256,
    }),
    runs: () => (existsSync(runs) ? readFileSync(runs, 'utf8').trim().split('\n').length : 0),
  }
}

export function model(name: string, ...source: readonly Source[]): ModelSpec {
  return modelSpec({ name, source })
}

export function appendByte(path: string): void {
  appendFileSync(path, 'x')
}
