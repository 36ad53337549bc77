import { describe, expect, it } from 'vitest'

import { flagNames, probe, readVersion, unknownFlags } from '../../../src/engine/index.ts'

const KNOWN = new Set(['--ctx-size', '--compilation-config', '-c', '--jinja'])
const questions = {
  help: ['--help'],
  readFlags: (text: string) => new Set(text.split(' ').filter((word) => word.startsWith('-'))),
  sets: [],
  spelling: 'whole',
} as const

describe('what a program does not know', () => {
  it.each([
    ['whole', ['--ctx-size', '--ctx_size', '-c', '--jinja=1'], []],
    [
      'whole',
      ['--ctx', '--nope', '-x', '--compilation-config.level'],
      ['--ctx', '--nope', '-x', '--compilation-config.level'],
    ],
    ['beginning', ['--ctx', '--compilation-config.level', '--compilation_config', '--comp', '-c3'], []],
    ['beginning', ['--nope', '-xc', '--ctx-size-more'], ['--nope', '-xc', '--ctx-size-more']],
  ] as const)('%s: of %j it is %j', (spelling, flags, unknown) => {
    expect(unknownFlags({ spelling }, KNOWN, flags)).toEqual(unknown)
  })

  it('is asked for flags as they reach the engine, each once', () => {
    const args = [
      ['jinja', true],
      ['c', '1'],
      ['-ngl', '1'],
      ['jinja', true],
    ] as const
    expect(flagNames({ args })).toEqual(['--jinja', '-c', '-ngl'])
  })
})

describe('a program', () => {
  it('is asked for its version and its help', async () => {
    const answers: Record<string, string> = { '--version': 'version: 12 (abc)', '--help': 'usage: -x --yes' }
    const facts = await probe(questions, async ([first = '']) => ({ text: answers[first] ?? '', problem: null }))
    expect(facts).toEqual({ version: '12 (abc)', flags: new Set(['-x', '--yes']), problem: null })
  })

  it('without a flag in its help is one whose help was not understood', async () => {
    expect((await probe(questions, async () => ({ text: 'hello', problem: null }))).flags).toBeNull()
  })

  it('that does not run says why, and no flags', async () => {
    const facts = await probe(questions, async () => ({ text: 'Traceback --oh', problem: 'it ended with 1' }))
    expect(facts).toEqual({ version: null, flags: null, problem: 'it ended with 1' })
  })

  it('may have no question for flags', async () => {
    const asked: (readonly string[])[] = []
    const facts = await probe(null, async (args) => {
      asked.push(args)
      return { text: '1.0', problem: null }
    })
    expect([facts.flags, facts.version, asked]).toEqual([null, '1.0', [['--version']]])
  })

  it('may say its version after warnings', () => expect(readVersion('Disabling 9.\n0.32.0+cpu\n')).toBe('0.32.0+cpu'))
})
