import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { llamaServer } from '../../../engines/llama-server/adapter.ts'
import { PROBE } from '../../../engines/llama-server/probe.ts'
import { installedProgram } from '../../../engines/llama-server/release.ts'
import { flagsOf } from '../../../src/engine/flags.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { planRequest } from './request.ts'

/** Every flag that the real program knows, from its own --help. */
const HELP = readFileSync(new URL('../../fixtures/llama-server-0.10068.0-help.txt', import.meta.url), 'utf8')
const KNOWN = PROBE.readFlags(HELP)

describe('flags', () => {
  test('the help text was understood', () => {
    expect([...KNOWN]).toEqual(expect.arrayContaining(['-m', '--model', '-no-kvu', '--no-webui', '--api-key']))
    expect(KNOWN.size).toBeGreaterThan(300)
  })

  test('every flag that is set is one that the program knows', () => {
    const plans = [
      planRequest(),
      planRequest({}, { gpuUuids: ['GPU-a', 'GPU-b'], gpuIndices: [0, 1] }),
      planRequest({ offload: { layers: 4, experts: 'cpu' } }, { gpuUuids: ['GPU-a'], gpuIndices: [0] }),
      planRequest({ offload: { layers: 'all', experts: 4 } }, { gpuUuids: ['GPU-a'], gpuIndices: [0] }),
      planRequest({
        args: [
          ['mmproj', 'p.gguf'],
          ['-md', 'd.gguf'],
        ],
      }),
      planRequest({}, { address: { kind: 'tcp', host: '127.0.0.1', port: 20001 } }),
    ].map((request) => llamaServer.plan(request))
    const flags = plans.flatMap(({ argv }) => argv.filter((argument) => argument.startsWith('-')))
    expect(flags.filter((flag) => !KNOWN.has(flag))).toEqual([])
  })

  test('every reserved flag is one that the program knows', () => {
    expect([...llamaServer.reservedFlags.keys()].filter((flag) => !KNOWN.has(flag))).toEqual([])
  })

  test('every flag that is set is reserved or meant to be tuned', () => {
    const tunable = ['--cache-ram', '--batch-size', '--ubatch-size', '--flash-attn', '--ctx-checkpoints', '--no-ui']
    const { argv } = llamaServer.plan(planRequest())
    const flags = argv.filter((argument) => argument.startsWith('-'))
    expect(flags.filter((flag) => !llamaServer.reservedFlags.has(flag) && !tunable.includes(flag))).toEqual([])
  })

  test.each([
    ['host', '0.0.0.0'],
    ['--port', '1'],
    ['-c', '1'],
    ['c', '1'],
    ['api_key', 'mine'],
    ['tools', 'all'],
    ['agent', true],
    ['hf-repo', 'a/b'],
    ['ngl', '4'],
    ['cpu-moe', true],
    ['-ot', 'exps=CPU'],
    ['mmproj-url', 'u'],
  ] as const)('%s is refused', (flag, value) => {
    expect(() => llamaServer.plan(planRequest({ args: [[flag, value]] }))).toThrow(
      expect.objectContaining({ code: 'manifest_flag_reserved' }),
    )
  })

  test.each(['cache-ram', '-cram'])('%s takes a size, and no other', (flag) => {
    const limit = llamaServer.limitedFlags?.get(flag.startsWith('-') ? flag : `--${flag}`)
    expect(['0', '8192'].map((text) => limit?.matches.test(text))).toEqual([true, true])
    expect(['-1', '1e3', '0x10', '1.5', '', 'all'].filter((text) => limit?.matches.test(text) !== false)).toEqual([])
  })

  test.each([[['jinja', '--host']], [['lora', ['a', '--agent']]]] as const)('%j smuggles a flag as a value', (pair) => {
    expect(() => llamaServer.plan(planRequest({ args: [pair] }))).toThrow(
      expect.objectContaining({ code: 'manifest_flag_reserved' }),
    )
  })

  test('spelling', () => {
    const args = [
      ['jinja', true],
      ['t', '4'],
      ['temp', '-1'],
      ['-ctk', 'q8_0'],
      ['lora', ['a', 'b']],
    ] as const
    expect(flagsOf(modelSpec({ args }), new Map())).toEqual(
      '--jinja -t 4 --temp -1 -ctk q8_0 --lora a --lora b'.split(' '),
    )
  })
})

test('the key is in the environment and nowhere else', () => {
  const { argv, env } = llamaServer.plan(planRequest())
  expect(env['LLAMA_API_KEY']).toBe('k3y')
  expect(argv.join(' ')).not.toContain('k3y')
})

const TEXT = ['chat', 'completions', 'responses', 'messages', 'tokenize', 'detokenize', 'infill'] as const

test.each([
  [[], TEXT],
  [[['mmproj', 'projector.gguf']], [...TEXT, 'transcriptions']],
  [[['embeddings', true]], ['embeddings', 'tokenize', 'detokenize']],
  [[['--embedding', true]], ['embeddings', 'tokenize', 'detokenize']],
  [[['reranking', true]], ['rerank', 'tokenize', 'detokenize']],
  [
    [
      ['embeddings', true],
      ['pooling', 'rank'],
    ],
    ['rerank', 'tokenize', 'detokenize'],
  ],
] as const)('%j: what it answers', (args, expected) => {
  expect([...llamaServer.capabilities(modelSpec({ args }))]).toEqual(expected)
})

test('without weights or a program there is no plan', () => {
  expect(() => llamaServer.plan(planRequest({}, { weights: null }))).toThrow(
    expect.objectContaining({ code: 'manifest_missing_key' }),
  )
  expect(() => llamaServer.plan(planRequest({}, { binary: null }))).toThrow(
    expect.objectContaining({ code: 'engine_not_installed' }),
  )
})

test('more time to start for larger weights', () => {
  const small = llamaServer.plan(planRequest()).start
  const weights = { path: '/w', bytes: 40e9, architecture: null, trainedContext: null }
  const large = llamaServer.plan(planRequest({}, { weights })).start
  expect(large.stall).toBe(small.stall)
  expect(large.cap).toBeGreaterThan(small.cap + 1_800_000)
})

test.each([
  ["0.00.005.029 I srv    load_model: loading model 'm.gguf'", 'loading weights'],
  [
    "0.00.307.479 I srv    load_model: initializing, n_slots = 2, n_ctx_slot = 4096, kv_unified = 'true'",
    'preparing slots',
  ],
  ['0.00.310.141 I srv  llama_server: model loaded', 'loaded'],
  ['0.00.310.167 I srv  llama_server: listening on unix:///run/e.sock', 'listening'],
  ['0.00.003.449 I srv          init: The UI is disabled', null],
])('%s', (line, name) => {
  expect(llamaServer.parseLine(line)).toEqual(name === null ? null : { kind: 'phase', name })
})

describe('locate', () => {
  function program(path: string, mode = 0o755): string {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '#!/bin/sh\n')
    chmodSync(path, mode)
    return path
  }

  test('a configured path alone, then PATH in order, then the installed one', async () => {
    const base = temporaryDirectory()
    const configured = program(join(base, 'mine'))
    const second = program(join(base, 'b', 'llama-server'))
    const installed = program(installedProgram(join(base, 'engines')))
    const path = [join(base, 'a'), join(base, 'b')]
    const places = { configured: null, image: null, path, installed: join(base, 'engines') }
    expect(await llamaServer.locate({ ...places, configured })).toBe(configured)
    expect(await llamaServer.locate(places)).toBe(second)
    expect(await llamaServer.locate({ ...places, path: [] })).toBe(installed)
  })

  test('what is no program is passed over, and where it looked is told', async () => {
    const base = temporaryDirectory()
    program(join(base, 'a', 'llama-server'), 0o644)
    mkdirSync(join(base, 'b', 'llama-server'), { recursive: true })
    const places = { configured: null, image: null, path: [join(base, 'a'), join(base, 'b')], installed: base }
    await expect(llamaServer.locate(places)).rejects.toMatchObject({
      code: 'engine_not_installed',
      facts: { engine: 'llama-server', looked: ['PATH', installedProgram(base)] },
    })
    const configured = join(base, 'none')
    await expect(llamaServer.locate({ ...places, configured })).rejects.toMatchObject({
      facts: { looked: [configured] },
    })
  })
})
