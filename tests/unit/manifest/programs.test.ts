import { describe, expect, test } from 'vitest'

import { sentenceOf, type ModelSpec } from '../../../src/core/index.ts'
import type { KnownProgram, Knowledge } from '../../../src/manifest/index.ts'
import { nearest } from '../../../src/lib/nearest.ts'
import { ON_CPU, parse, parseGood } from './helpers.ts'

/** A program that knows these flags, and all that its engine sets but these. */
function program(flags: readonly string[], lacks: readonly string[] = []): KnownProgram {
  const argsOf = ({ args }: ModelSpec) =>
    args.flatMap(([name]) => {
      const flag = `--${name}`
      return flags.includes(flag) ? [] : [{ name, flag, nearest: nearest(flag, flags) }]
    })
  return { path: '/opt/engine', version: '1.2', unknownIn: (model) => ({ args: argsOf(model), own: lacks }) }
}

function told(text: string, programs: Readonly<Record<string, KnownProgram>>, more: Partial<Knowledge> = {}) {
  const result = parse(text, { ...ON_CPU, ...more, programs: new Map(Object.entries(programs)) })
  if (result.kind === 'manifest') return []
  return result.problems.map(
    ({ code, facts, line, column, path }) => `${line}:${column} ${path}: ${sentenceOf(code, facts)}`,
  )
}

const LLAMA = { 'llama-server': program(['--jinja', '--mlock']) }
const model = (...lines: readonly string[]): string => lines.map((line) => `    ${line}\n`).join('')
const HEAD = 'version: 1\nmodels:\n'
const BASIS = ['engine: llama-server', 'source: file:a.gguf', 'gpus: none']

describe('a flag that the program does not know', () => {
  test('is told where it is written, in the model, in defaults and in a variant', () => {
    const text = [
      'version: 1\n',
      'defaults: { args: { jinj: true } }\n',
      'models:\n',
      `  a:\n${model(...BASIS, 'args:', '  mlok: true')}`,
      `  b:\n${model(...BASIS, 'variants: [{ args: { nope: 1 } }]')}`,
    ].join('')
    expect(told(text, LLAMA)).toEqual([
      '2:21 defaults.args.jinj: llama-server 1.2 at /opt/engine does not know "--jinj".',
      '9:7 models.a.args.mlok: llama-server 1.2 at /opt/engine does not know "--mlok".',
      '14:26 models.b.variants[0].args.nope: llama-server 1.2 at /opt/engine does not know "--nope".',
    ])
  })

  test('is told beside everything else that is wrong', () => {
    const text = `${HEAD}  a:\n${model(...BASIS, 'contxt: 4k', 'args: { jinj: true }', 'ttl: soon')}`
    expect(told(text, LLAMA).map((line) => line.split(' ')[1])).toEqual([
      'models.a.contxt:',
      'models.a.args.jinj:',
      'models.a.ttl:',
    ])
  })

  test('is not told where `args` take it away, of another engine, or of a program that nobody asked', () => {
    const away = `version: 1\ndefaults: { args: { jinj: true } }\nmodels:\n  a:\n${model(...BASIS, 'args: { jinj: false }')}`
    expect(told(away, LLAMA)).toEqual([])
    const text = `${HEAD}  a:\n${model(...BASIS, 'args: { nope: 1 }')}`
    expect(told(text, { vllm: program([]) })).toEqual([])
    expect(parseGood(text).models.size).toBe(1)
  })

  test('is told as reserved alone where it is that too', () => {
    const text = `${HEAD}  a:\n${model(...BASIS, 'args: { host: x }')}`
    expect(told(text, LLAMA)).toEqual([expect.stringContaining('cannot be set here')])
  })
})

describe('a program that lacks what its engine sets', () => {
  const old = { 'llama-server': program(['--jinja'], ['--no-ui']) }
  const unfit = 'llama-server 1.2 at /opt/engine does not know --no-ui, which it would be started with.'

  test('is told once, at the first model that asks for it', () => {
    const text = `${HEAD}  c:\n${model('engine: command', 'command: [x]', 'gpus: none')}  a:\n${model(...BASIS)}  b:\n${model(...BASIS)}`
    expect(told(text, old)).toEqual([`8:13 models.a.engine: ${unfit}`])
  })

  test('is told at the variants where only one of them asks for it', () => {
    const variant = 'variants: [{ engine: llama-server, source: file:b.gguf }]'
    const text = `${HEAD}  a:\n${model('engine: command', 'command: [x]', 'gpus: none', variant)}`
    expect(told(text, old)).toEqual([`7:15 models.a.variants: ${unfit}`])
  })
})

test('a version that a program does not tell is left out', () => {
  const text = `${HEAD}  a:\n${model(...BASIS, 'args: { nope: 1 }')}`
  const silent = { 'llama-server': { ...program([]), version: null } }
  expect(told(text, silent)).toEqual(['7:13 models.a.args.nope: llama-server at /opt/engine does not know "--nope".'])
})

test('a quantised cache of values without flash attention is refused by llama-server’s own rule', () => {
  const text = (flash: string): string =>
    `${HEAD}  a:\n${model(...BASIS, `args: { flash-attn: ${flash}, cache_type_v: q8_0 }`)}`
  expect(told(text('"off"'), {})).toEqual([
    expect.stringMatching(/^7:32 models\.a\.args\.cache_type_v: .*flash attention/),
  ])
  expect(told(text('auto'), {})).toEqual([])
  expect(told(text('"off"').replace('q8_0', 'bf16'), {})).toEqual([])
})
