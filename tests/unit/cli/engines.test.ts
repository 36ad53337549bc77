import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import type { EngineEntry } from '../../../src/cli/index.ts'
import { EnginehouseError } from '../../../src/core/index.ts'
import { runCommand } from '../../support/cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const missing: EngineEntry = {
  name: 'llama-server',
  locate: () => Promise.reject(new EnginehouseError('engine_not_installed', { engine: 'llama-server', looked: [] })),
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
