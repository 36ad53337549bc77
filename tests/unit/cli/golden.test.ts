import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import type { House } from '../../../src/cli/index.ts'
import { createProgram } from '../../../src/cli/program.ts'
import { EnginehouseError } from '../../../src/core/index.ts'
import { expectGolden, jsonTranscript, type Screen, transcript } from '../../support/golden-cli.ts'
import { NOW } from './answers.ts'
import { stubDaemon } from './stub-daemon.ts'
import { EMPTY, WORLD } from './stub-world.ts'

/**
 * Each command as it is met: on terminals of 80 and of 200 columns, in a pipe where that differs, with --json, and with
 * its main error. The files in tests/golden/cli are the specification; UPDATE_GOLDEN=1 writes them anew.
 */

interface Case {
  readonly argv: readonly string[]
  /** Its main error, in the same world. */
  readonly error: readonly string[]
  readonly also?: readonly Omit<Screen, 'options'>[]
  /** In a world where nothing is loaded. */
  readonly empty?: true
  /** What is asked for with --json; null where that depends on this host or is too long to be read. */
  readonly json?: readonly string[] | null
}

const COMMANDS: Readonly<Record<string, Case>> = {
  status: {
    argv: ['status'],
    error: ['status', 'x'],
    also: [
      { argv: ['status'], columns: null },
      { argv: ['status'], columns: 80, color: true },
    ],
    empty: true,
  },
  ps: { argv: ['ps'], error: ['ps', '--jsn'], empty: true, also: [{ argv: ['ps'], columns: 0 }] },
  ls: { argv: ['ls'], error: ['ls', 'x'], also: [{ argv: ['ls'], columns: 80, color: true }] },
  show: {
    argv: ['show', 'smollm2'],
    error: ['show', 'smolm2'],
    also: [
      { argv: ['show', 'whisper'], columns: 80 },
      { argv: ['show', 'qwen3-coder'], columns: 80, color: true },
    ],
  },
  devices: {
    argv: ['devices'],
    error: ['devices', 'clear', '7'],
    also: [
      { argv: ['devices', 'clear', '0'], columns: 80 },
      { argv: ['devices'], columns: 80, color: true },
    ],
  },
  load: {
    argv: ['load', 'smollm2'],
    error: ['load', 'smolm2'],
    also: [{ argv: ['load', 'smollm2', '--dry-run'], columns: 80, color: true }],
  },
  unload: {
    argv: ['unload', 'smollm2'],
    error: ['unload'],
    also: [{ argv: ['unload', '--all'], columns: 80 }],
  },
  restart: { argv: ['restart', 'smollm2'], error: ['restart', 'smolm2'] },
  pin: { argv: ['pin', 'smollm2', '--for', '2h'], error: ['pin', 'smollm2', '--for', 'soon'] },
  unpin: { argv: ['unpin', 'smollm2'], error: ['unpin', 'smolm2'] },
  logs: { argv: ['logs', 'smollm2'], error: ['logs', 'smolm2'] },
  run: { argv: ['run', 'smollm2', 'Tell me a story'], error: ['run', 'smolm2', 'Tell me a story'] },
  explain: {
    argv: ['explain', 'qwen'],
    error: ['explain', 'smolm2'],
    also: [
      { argv: ['explain', 'qwen'], columns: null },
      { argv: ['explain', 'qwen', '--at', '2026-01-31T13:50:04Z'], columns: 80 },
      { argv: ['explain', 'whisper'], columns: 80, color: true },
      { argv: ['explain', 'insufficient_gpu_memory'], columns: 80 },
      { argv: ['explain', 'insufficient_gpu_memory'], columns: 200 },
    ],
  },
  events: { argv: ['events'], error: ['events', '--since', 'soon'], also: [{ argv: ['events'], columns: null }] },
  engines: { argv: ['engines', 'list'], error: ['engines', 'install', 'lama-server'] },
  completion: { argv: ['completion', '--help'], error: ['completion', 'ksh'], json: null },
}

/** Their screens are held elsewhere: they start a daemon, need none, or tell of this host. */
const ELSEWHERE = ['serve', 'validate', 'config', 'init', 'plan', 'apply', 'doctor', 'version', 'help']

/** Of three kinds: one that is there and tells no version, one that can be installed, one that is the manifest's own. */
const engines: House['engines'] = [
  { name: 'found-server', locate: async () => '/bin/true', install: null },
  {
    name: 'llama-server',
    locate: () => Promise.reject(new EnginehouseError('engine_not_installed', { engine: 'llama-server', looked: [] })),
    install: () => Promise.reject(new Error('nothing is installed here')),
  },
  { name: 'command', locate: async () => null, install: null },
]

beforeAll(() => {
  // A zone that is not UTC, so that a time of the daemon shows whether it was told in the reader's.
  vi.stubEnv('TZ', 'Etc/GMT-2')
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
})

afterAll(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

describe.each(Object.entries(COMMANDS))('%s', (name, { argv, error, also = [], empty, json = argv }) => {
  it('looks as its golden file', async () => {
    const { environment } = await stubDaemon(WORLD)
    const options = { environment, stdin: '', house: { engines } }
    const screens: Screen[] = [
      { argv, columns: 80, options },
      { argv, columns: 200, options },
      ...also.map((screen) => ({ ...screen, options })),
      { argv: error, columns: 80, options },
    ]
    if (empty) screens.push({ argv, columns: 80, options: { ...options, ...(await stubDaemon(EMPTY)) } })
    const texts: string[] = []
    for (const screen of screens) texts.push(await transcript(screen))
    await expectGolden(`${name}.txt`, texts.join('\n'))
  })

  it('is no wider than its terminal', async () => {
    const { environment } = await stubDaemon(WORLD)
    for (const columns of [80, 200]) {
      const text = await transcript({ argv, columns, options: { environment, stdin: '', house: { engines } } })
      const lines = text.split('\n').slice(1)
      expect(lines.filter((line) => [...line].length > columns)).toEqual([])
    }
  })

  it('gives programs its golden JSON, and its error with a code', async () => {
    const { environment } = await stubDaemon(WORLD)
    if (json !== null)
      await expectGolden(`${name}.json`, await jsonTranscript(json, { environment, stdin: '', house: { engines } }))
    const refused = JSON.parse(await jsonTranscript(error, { environment, stdin: '', house: { engines } })) as {
      error: object
    }
    expect(refused.error).toMatchObject({
      code: expect.stringMatching(/^[a-z_]+$/),
      message: expect.stringMatching(/./),
    })
  })
})

it('has every command', () => {
  const program = createProgram(() => () => Promise.resolve(), { write() {}, writeError() {}, width: 80 })
  const names = program
    .createHelp()
    .visibleCommands(program)
    .map((command) => command.name())
  expect(names.filter((name) => !(name in COMMANDS) && !ELSEWHERE.includes(name))).toEqual([])
})
