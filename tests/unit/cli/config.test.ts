import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import { runCommand } from '../../support/cli.ts'
import { expectGolden } from '../../support/golden-cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const SCHEMA = readFileSync(fileURLToPath(new URL('../../../configs/manifest.schema.json', import.meta.url)), 'utf8')

describe('config schema', () => {
  it('prints the schema as it stands in configs/', async () => {
    expect(await runCommand(['config', 'schema'])).toEqual({ exit: 0, stdout: SCHEMA, stderr: '' })
  })

  it('prints the same on one line of JSON', async () => {
    const { exit, stdout } = await runCommand(['config', 'schema', '--json'])
    expect([exit, stdout.trimEnd().split('\n').length]).toEqual([0, 1])
    expect(JSON.parse(stdout)).toEqual(JSON.parse(SCHEMA))
  })

  it('alone shows help', async () => {
    const { exit, stderr } = await runCommand(['config'])
    expect(exit).toBe(2)
    expect(stderr).toMatch(/^Usage: enginehouse config/)
  })
})

describe('config show', () => {
  const MANIFEST = `version: 1
server: { max_queue: 64 }
defaults:
  ttl: 10m
models:
  chat:
    engine: llama-server
    source: file:models/chat.gguf
    parallel: 2
    args: { jinja: true, api-key-hash: "1234" }
    env: { HF_TOKEN: hunter2, LANG: C.UTF-8 }
  own:
    engine: command
    command: [python3, server.py, --port, "{port}"]
    memory: 6GiB
`
  const DIRECTORY = '/etc/enginehouse'
  const environment = { ENGINEHOUSE_STATE_DIR: '/var/lib/enginehouse', PORT: '9000' }

  function manifestFile(text = MANIFEST): string {
    const path = join(temporaryDirectory(), 'enginehouse.yaml')
    writeFileSync(path, text)
    return path
  }

  it.each([
    ['config-show.txt', [], {}],
    ['config-show-origin-80.txt', ['--origin'], { columns: 80 }],
    ['config-show-origin-200.txt', ['--origin', '--default-ttl', '1m', '--log-level', 'warn'], { columns: 200 }],
  ])('%s', async (file, flags, options) => {
    const path = manifestFile()
    const argv = ['config', 'show', '-c', path, '--no-color', ...flags]
    const { exit, stdout, stderr } = await runCommand(argv, { environment, ...options })
    expect([exit, stderr]).toEqual([0, ''])
    await expectGolden(file, stdout.replaceAll(dirname(path), DIRECTORY))
  })

  it('--json has each value with its place', async () => {
    const path = manifestFile()
    const { exit, stdout } = await runCommand(['config', 'show', '--json', '-c', path], { environment })
    const { manifest, daemon, settings } = JSON.parse(stdout)
    expect([exit, manifest]).toEqual([0, path])
    expect(settings).toContainEqual({
      key: 'models.chat.parallel',
      path: ['models', 'chat', 'parallel'],
      value: 2,
      origin: { from: 'manifest', file: path, line: 9 },
    })
    expect(settings).toContainEqual(
      expect.objectContaining({ key: 'server.listen', origin: { from: 'environment', name: 'PORT' } }),
    )
    expect(daemon).toContainEqual({
      name: 'state directory',
      value: '/var/lib/enginehouse',
      origin: { from: 'environment', name: 'ENGINEHOUSE_STATE_DIR' },
    })
    expect(stdout).not.toContain('hunter2')
  })

  it('exits 3 for a manifest that is wrong, 2 for a flag', async () => {
    const bad = await runCommand(['config', 'show', '-c', manifestFile('version: 2\nmodels: {}')])
    expect([bad.exit, bad.stdout]).toEqual([3, ''])
    const flag = await runCommand(['config', 'show', '-c', manifestFile(), '--listen', 'x'])
    expect(flag.exit).toBe(2)
  })
})
