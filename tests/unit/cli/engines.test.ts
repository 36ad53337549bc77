import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import type { EngineEntry } from '../../../src/cli/index.ts'
import { EnginehouseError } from '../../../src/core/index.ts'
import { runCommand, type CommandOptions } from '../../support/cli.ts'
import { expectGolden, jsonTranscript, transcript } from '../../support/golden-cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const missing: EngineEntry = {
  name: 'llama-server',
  locate: () =>
    Promise.reject(new EnginehouseError('engine_not_installed', { engine: 'llama-server', looked: ['PATH'] })),
  install: null,
}
const command: EngineEntry = { name: 'command', locate: async () => null, install: null }

describe('engines list', () => {
  it('asks what is found for its version', async () => {
    const path = join(temporaryDirectory(), 'llama-server')
    writeFileSync(path, '#!/bin/sh\necho "version: 4719 (7b8443ac7)" >&2\necho "built with cc"\n')
    chmodSync(path, 0o755)
    const engines = [{ ...missing, locate: async () => path }, command]
    const { exit, stdout } = await runCommand(['engines', 'list', '--json'], { house: { engines } })
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      engines: [
        { name: 'llama-server', state: 'found', path, version: '4719 (7b8443ac7)', installable: false },
        { name: 'command', state: 'of_manifest', path: null, version: null, installable: false },
      ],
    })
  })

  it.each([
    ['0.32.0+cpu', '0.32.0+cpu'],
    ['text-generation-launcher 3.3.7', '3.3.7'],
    ['Usage: nothing of the kind', null],
  ])('reads %j as the version %j', async (said, version) => {
    const path = join(temporaryDirectory(), 'engine')
    writeFileSync(path, `#!/bin/sh\necho 'A warning first, of version 9.'\necho '${said}'\n`)
    chmodSync(path, 0o755)
    const engines = [{ ...missing, locate: async () => path }]
    const { stdout } = await runCommand(['engines', 'list', '--json'], { house: { engines } })
    expect(JSON.parse(stdout).engines[0].version).toBe(version)
  })

  it('shows one that is missing as missing', async () => {
    const { exit, stdout } = await runCommand(['engines', 'list'], { house: { engines: [missing] } })
    expect([exit, stdout]).toEqual([
      0,
      'ENGINE        VERSION  PROGRAM\nllama-server  -        none; `engines.llama-server` may name one\n',
    ])
  })
})

describe('engines install', () => {
  const installer = (already: boolean): EngineEntry => ({
    ...missing,
    install: async ({ directory, onProgress }) => {
      onProgress({ kind: 'downloading', bytes: 1024 ** 2, total: 4 * 1024 ** 2 })
      return { path: join(directory, 'llama-server'), version: '0.1', already }
    },
  })

  it('installs into the state directory, with progress on stderr', async () => {
    const environment = { ENGINEHOUSE_STATE_DIR: '/state' }
    const house = { engines: [installer(false)] }
    const { exit, stdout, stderr } = await runCommand(['engines', 'install', 'llama-server'], { environment, house })
    expect([exit, stdout]).toEqual([0, 'llama-server 0.1 is at /state/engines/llama-server\n'])
    expect(stderr).toMatch(/^llama-server: downloading: 1MiB of 4MiB \(25%\), \d+ms\n$/)
  })

  it('says so when there is nothing to do', async () => {
    const house = { engines: [installer(true)] }
    const { stdout } = await runCommand(['engines', 'install', 'llama-server', '--quiet'], { house })
    expect(stdout).toContain('llama-server 0.1 is already at ')
  })

  it('knows the names', async () => {
    const house = { engines: [installer(false), command] }
    const { exit, stderr } = await runCommand(['engines', 'install', 'lama-server'], { house })
    expect(exit).toBe(2)
    expect(stderr).toContain('Did you mean "llama-server"?')
    expect((await runCommand(['engines', 'install', 'command'], { house })).exit).toBe(2)
  })

  it('says how a person gets what it does not install', async () => {
    const house = { engines: [{ ...missing, name: 'vllm', byHand: 'Install it with pip.' }] }
    const { exit, stderr } = await runCommand(['engines', 'install', 'vllm'], { house })
    expect(exit).toBe(2)
    expect(stderr).toContain('This version does not install the engine vllm.')
    expect(stderr).toContain('Install it with pip.')
  })
})

describe('engines doctor', () => {
  const probe = {
    help: ['serve', '--help=all'],
    readFlags: (text: string) => new Set(text.match(/--[a-z-]+/g) ?? []),
    sets: ['--host', '--no-ui'],
    spelling: 'whole',
  } as const

  /** A program that says its version, and this as its help; where it is. */
  function program(help: string, exit = 0): string {
    const path = join(temporaryDirectory(), 'llama-server')
    const answers = `case "$*" in --version) echo 1.2.3; exit ${exit};; 'serve --help=all') echo '${help}';; esac`
    writeFileSync(path, `#!/bin/sh\n${answers}\n`)
    chmodSync(path, 0o755)
    return path
  }
  const engine = (path: string): EngineEntry => ({ ...missing, locate: async () => path, probe })
  /** With a manifest of one model with these args. */
  function options(entry: EngineEntry, args: Readonly<Record<string, unknown>> | null): CommandOptions {
    const directory = temporaryDirectory()
    const source = 'file:./x.gguf'
    const models = { chat: { engine: 'llama-server', source, gpus: 'none', args } }
    if (args !== null) writeFileSync(join(directory, 'enginehouse.yaml'), JSON.stringify({ version: 1, models }))
    return { environment: { ENGINEHOUSE_STATE_DIR: directory }, house: { engines: [entry, command] } }
  }
  const stateOf = ({ environment }: CommandOptions) => environment?.['ENGINEHOUSE_STATE_DIR'] ?? ''
  const manifestOf = (given: CommandOptions) => join(stateOf(given), 'enginehouse.yaml')

  it('looks as its golden file', async () => {
    const good = program('--host --no-ui --jinja')
    const worse = program('--host --jinja')
    const silent = program('')
    const broken = program('', 3)
    const texts: string[] = []
    for (const [path, args] of [
      [good, { jinja: true }],
      [good, { nope: 1 }],
      [worse, {}],
      [silent, null],
      [broken, null],
      [null, null],
    ] as const) {
      const given = options(path === null ? missing : engine(path), args)
      const argv = ['engines', 'doctor', 'llama-server', ...(args === null ? [] : ['-c', manifestOf(given)])]
      const text = (await transcript({ argv, columns: null, options: given })).replaceAll(stateOf(given), '/state')
      texts.push(path === null ? text : text.replaceAll(path, '/opt/llama-server'))
    }
    const given = options(engine(good), null)
    texts.push(await transcript({ argv: ['engines', 'doctor', 'command'], columns: null, options: given }))
    texts.push(await transcript({ argv: ['engines', 'doctor', 'lama-server'], columns: null, options: given }))
    await expectGolden('engines-doctor.txt', texts.join('\n'))
    const json = await jsonTranscript(['engines', 'doctor', 'llama-server'], options(engine(worse), null))
    await expectGolden('engines-doctor.json', json.replaceAll(worse, '/opt/llama-server'))
  })

  it('asks the program that the manifest names', async () => {
    const looked: (string | null)[] = []
    const locate: EngineEntry['locate'] = async ({ configured }) => {
      looked.push(configured)
      return program('--host --no-ui')
    }
    const given = options({ ...engine(''), locate }, {})
    const models = { chat: { engine: 'llama-server', source: 'file:./x.gguf', gpus: 'none' } }
    const engines = { 'llama-server': { path: '/opt/own' } }
    writeFileSync(manifestOf(given), JSON.stringify({ version: 1, engines, models }))
    expect((await runCommand(['engines', 'doctor', 'llama-server', '-c', manifestOf(given)], given)).exit).toBe(0)
    expect(looked).toEqual(['/opt/own'])
  })

  it('says that a manifest which is not valid was not looked at', async () => {
    const given = options(engine(program('--host --no-ui')), {})
    writeFileSync(manifestOf(given), 'version: 7\n')
    const { exit, stdout } = await runCommand(['engines', 'doctor', 'llama-server', '-c', manifestOf(given)], given)
    expect(exit).toBe(0)
    expect(stdout).toContain(`${manifestOf(given)} cannot be used, so \`args\` were not looked at`)
    expect(stdout).toContain('enginehouse validate')
  })
})
