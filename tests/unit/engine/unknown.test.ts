import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, it, test } from 'vitest'

import { ADAPTERS } from '../../../engines/index.ts'
import { variantsOf } from '../../../src/core/index.ts'
import type { ModelSpec } from '../../../src/core/index.ts'
import { adapterFor, unknownIn } from '../../../src/engine/index.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'
import { ON_GPU, parseGood } from '../manifest/helpers.ts'

const fixture = (name: string): string => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8')
const HELP: Readonly<Record<string, string>> = {
  'llama-server': fixture('llama-server-0.10068.0-help.txt'),
  vllm: fixture('vllm-0.32.0-help.txt'),
}

function known(engine: string, ...less: readonly string[]): ReadonlySet<string> {
  const flags = adapterFor(ADAPTERS, engine).probe?.readFlags(HELP[engine] ?? '') ?? new Set()
  return new Set([...flags].filter((flag) => !less.includes(flag)))
}

function look(spec: Partial<ModelSpec>, ...less: readonly string[]) {
  const model = modelSpec(spec)
  return unknownIn(adapterFor(ADAPTERS, model.engine), known(model.engine, ...less), model)
}

const GOLDEN = new URL('../../golden/engines/', import.meta.url)
const MODELS = readdirSync(GOLDEN)
  .map((name) => [name, JSON.parse(readFileSync(new URL(name, GOLDEN), 'utf8')).model as Partial<ModelSpec>] as const)
  .filter(([name]) => name.startsWith('llama-server-') || name.startsWith('vllm-'))

test.each(MODELS)('the checked version knows all that %s is started with', (_, model) => {
  expect(look(model)).toEqual({ args: [], own: [] })
})

const CONFIGS = fileURLToPath(new URL('../../../configs', import.meta.url))
const manifests = readdirSync(CONFIGS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'))

test.each(manifests)('the checked versions know every flag of configs/%s', (name) => {
  const { models } = parseGood(readFileSync(join(CONFIGS, name), 'utf8'), ON_GPU)
  const asked = [...models.values()].flatMap(variantsOf).filter(({ engine }) => engine in HELP)
  expect(asked.flatMap((way) => look(way).args)).toEqual([])
})

describe('flags of `args`', () => {
  it('are told as written and as read, with the nearest that are free', () => {
    const args = [
      ['jinj', true],
      ['-fa', 'on'],
      ['prallel', '2'],
    ] as const
    expect(look({ args }).args).toEqual([
      { name: 'jinj', flag: '--jinj', nearest: ['--jinja', '--no-jinja'] },
      // `--parallel` is set from the manifest's own key.
      { name: 'prallel', flag: '--prallel', nearest: [] },
    ])
  })

  it('may be the beginning of one where the engine takes that', () => {
    const args = [
      ['enforce-eag', true],
      ['compilation-config.level', '3'],
      ['-O3', true],
      ['-O', '2'],
    ] as const
    expect(look({ engine: 'vllm', args }).args).toEqual([])
    expect(look({ args: [['flash-at', 'on']] }).args).toMatchObject([{ flag: '--flash-at', nearest: ['--flash-attn'] }])
  })

  it('are never told of a program that is not asked', () => {
    const command = ['server', '{port}']
    expect(look({ engine: 'command', command, args: [['nope', true]] })).toEqual({ args: [], own: [] })
    expect(look({ engine: 'tgi', args: [['nope', true]] })).toEqual({ args: [], own: [] })
  })
})

describe('flags of the engine itself', () => {
  it('are those that this launch would have', () => {
    expect(look({}, '--no-ui', '--fit')).toEqual({ args: [], own: ['--fit', '--no-ui'] })
    // Only a launch on the host sets it.
    expect(look({ engine: 'vllm' }, '--kv-cache-memory-bytes').own).toEqual(['--kv-cache-memory-bytes'])
    expect(look({ engine: 'vllm', gpus: { kind: 'any' } }, '--kv-cache-memory-bytes').own).toEqual([])
    // What `args` set in its place is not needed.
    expect(look({}, '--ctx-checkpoints').own).toEqual(['--ctx-checkpoints'])
    expect(look({ args: [['swa-checkpoints', '2']] }, '--ctx-checkpoints').own).toEqual([])
  })
})
