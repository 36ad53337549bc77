import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { expect, it } from 'vitest'

import { createHouse } from '../../../src/app/house.ts'
import type { Programs } from '../../../src/app/programs.ts'
import type { House } from '../../../src/cli/index.ts'
import type { KnownProgram } from '../../../src/manifest/index.ts'
import type { CommandOptions } from '../../support/cli.ts'
import { expectGolden, jsonTranscript, transcript } from '../../support/golden-cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** A program that is a little too old for its engine, and knows one of the flags that the manifest names. */
const OLD: KnownProgram = {
  path: '/opt/llama-server',
  version: '4719 (7b8443ac7)',
  unknownIn: ({ args }) => ({
    args: args.flatMap(([name]) =>
      name === 'jinja' ? [] : [{ name, flag: `--${name}`, nearest: name === 'jinj' ? ['--jinja'] : [] }],
    ),
    own: ['--no-ui'],
  }),
}

const MANIFEST = `version: 1
models:
  chat:
    engine: llama-server
    source: file:chat.gguf
    gpus: none
    args: { jinja: true, jinj: true }
    variants:
      - context: 4k
        args: { nope: 1 }
`

function options(programs: House['programs']): CommandOptions & { readonly file: string } {
  const directory = temporaryDirectory()
  const file = join(directory, 'enginehouse.yaml')
  writeFileSync(file, MANIFEST)
  return {
    file,
    environment: { ENGINEHOUSE_STATE_DIR: directory },
    house: { programs, engines: createHouse().engines },
  }
}

it('shows flags that a program does not know, as its golden file', async () => {
  const texts: string[] = []
  for (const programs of [knowing(async () => new Map([['llama-server', OLD]])), knowing(async () => new Map())]) {
    const given = options(programs)
    for (const command of [['validate'], ['plan']]) {
      const text = await transcript({ argv: [...command, given.file], columns: 80, options: given })
      texts.push(text.replaceAll(dirname(given.file), '/state'))
    }
  }
  await expectGolden('validate.txt', texts.join('\n'))
  const given = options(knowing(async () => new Map([['llama-server', OLD]])))
  await expectGolden('validate.json', await jsonTranscript(['validate', given.file], given))
})

it('asks programs with the patience of a person, and not at all for what holds', async () => {
  const asked: unknown[] = []
  const given = options(
    knowing(async ({ models }, patience) => {
      asked.push([...models.keys(), patience])
      return new Map()
    }),
  )
  await transcript({ argv: ['validate', given.file], columns: null, options: given })
  await transcript({ argv: ['config', 'show', '-c', given.file], columns: null, options: given })
  expect(asked).toEqual([['chat', 'long']])
})

function knowing(look: Programs['look']): House['programs'] {
  return async () => ({ look, version: async () => null })
}
