import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { examine } from '../../../src/cli/doctor/checks.ts'
import type { Facts, ManifestFacts, StateFacts } from '../../../src/cli/doctor/facts.ts'
import type { Verdict } from '../../../src/cli/doctor/finding.ts'
import { parseGpus, parseOpenFiles } from '../../../src/cli/doctor/gather-host.ts'
import { renderDoctor } from '../../../src/cli/render/doctor.ts'
import { GIB, MIB } from '../../../src/core/index.ts'
import { runCommand } from '../../support/cli.ts'
import { expectGolden } from '../../support/golden-cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { llama, MANIFEST, NOW, WELL } from './doctor-facts.ts'
import { stubDaemon } from './stub-daemon.ts'

type Change = (facts: Facts) => Partial<Facts>

const program =
  (change: Partial<Facts['program']>): Change =>
  (facts) => ({ program: { ...facts.program, ...change } })
const state =
  (change: Partial<StateFacts>): Change =>
  (facts) => ({ state: { ...facts.state, ...change } })
const directory = (change: object): Change =>
  state({ directory: { kind: 'present', mode: 0o700, owner: 990, writable: true, ...change } })
const memory =
  (change: Partial<Facts['memory']>): Change =>
  (facts) => ({ memory: { ...facts.memory, ...change } })
const manifest =
  (change: Partial<typeof MANIFEST>): Change =>
  () => ({ manifest: { ...MANIFEST, ...change } })
const noManifest =
  (facts: ManifestFacts): Change =>
  () => ({ manifest: facts })
const daemon =
  (change: object): Change =>
  (facts) => ({ daemon: { ...facts.daemon, ...change } as Facts['daemon'] })
const listen = (state: (typeof MANIFEST)['listen']['state'], port = 8080): Change =>
  manifest({ listen: { address: { kind: 'tcp', host: '127.0.0.1', port }, shown: `127.0.0.1:${port}`, state } })

const [CHAT, SEARCH] = MANIFEST.foresight
if (!CHAT || !SEARCH) throw new Error('the manifest of the facts has two models')
const missing = { kind: 'failed', code: 'weights_missing', facts: { model: 'chat', path: '/srv/chat.gguf' } } as const
const source = { kind: 'file', path: '/srv/chat.gguf' } as const
const tooLarge = { fits: false, device: 'host', needed: 40 * GIB, largest: 25 * GIB } as const
const none = { kind: 'none', leftovers: { launches: 0, damaged: 0 } } as const

/** What changes on the host where all is well, and the one finding that has to change with it. */
const CASES: readonly (readonly [check: string, verdict: Verdict, words: string, change: Change])[] = [
  ['node', 'pass', 'Node 20.19.0, 20.19 is enough', program({ node: '20.19.0' })],
  ['node', 'warn', 'odd lines', program({ node: '23.1.0' })],
  ['node', 'fail', 'Node 20.18.3 is too old', program({ node: '20.18.3' })],
  ['node', 'fail', 'Node 9.99.0 is too old', program({ node: '9.99.0' })],
  ['platform', 'pass', 'not tested', program({ arch: 'arm64' })],
  ['platform', 'warn', 'linux riscv64 was never tried', program({ arch: 'riscv64' })],
  ['platform', 'fail', 'without procfs', program({ platform: 'darwin', procfs: false })],
  ['clock', 'pass', '2026-01-31T14:00:00Z', () => ({ clock: { now: NOW, programAt: null, newest: null } })],
  [
    'clock',
    'warn',
    '2h before /m was written',
    () => ({ clock: { now: NOW, programAt: null, newest: { path: '/m', at: NOW + 7_200_000 } } }),
  ],
  [
    'clock',
    'fail',
    'before this program was made',
    () => ({ clock: { now: NOW, programAt: NOW + 7_200_000, newest: null } }),
  ],
  ['memory', 'pass', 'a control group limits it; the machine has 64GiB', memory({ machine: 64 * GIB })],
  ['memory', 'pass', 'what is free is not known', memory({ free: null })],
  ['memory', 'warn', 'others use most of it', memory({ free: 12 * GIB })],
  ['memory', 'fail', 'too little for any model', memory({ claimable: 511 * MIB })],
  ['gpu', 'pass', 'no NVIDIA GPU found: models run on the host', () => ({ gpu: { kind: 'none' } })],
  [
    'gpu',
    'pass',
    '2 x NVIDIA L40S, NVIDIA T4, driver 550.54; this version runs models on the host only',
    () => ({
      gpu: { kind: 'found', driver: '550.54', names: ['NVIDIA L40S', 'NVIDIA T4', 'NVIDIA L40S'], used: false },
    }),
  ],
  ['gpu', 'warn', 'sees no GPU', () => ({ gpu: { kind: 'found', driver: '550.54', names: [], used: true } })],
  ['gpu', 'warn', 'driver mismatch', () => ({ gpu: { kind: 'broken', why: 'driver mismatch', used: false } })],
  ['gpu', 'fail', 'driver mismatch', () => ({ gpu: { kind: 'broken', why: 'driver mismatch', used: true } })],
  ['open files', 'pass', 'no limit', () => ({ limits: { openFiles: Number.POSITIVE_INFINITY, sharedMemory: GIB } })],
  ['open files', 'warn', 'at most 1024', () => ({ limits: { openFiles: 1024, sharedMemory: GIB } })],
  ['open files', 'warn', 'not known', () => ({ limits: { openFiles: null, sharedMemory: GIB } })],
  ['open files', 'fail', 'at most 255', () => ({ limits: { openFiles: 255, sharedMemory: GIB } })],
  ['/dev/shm', 'pass', '1GiB', () => ({ limits: { openFiles: 4096, sharedMemory: GIB } })],
  ['/dev/shm', 'warn', '64MiB: too small', () => ({ limits: { openFiles: 4096, sharedMemory: 64 * MIB } })],
  ['/dev/shm', 'warn', 'there is none', () => ({ limits: { openFiles: 4096, sharedMemory: null } })],
  [
    'state directory',
    'pass',
    'made by the first start',
    state({ directory: { kind: 'absent', parent: '/var/lib', parentWritable: true } }),
  ],
  [
    'state directory',
    'fail',
    'cannot be made in /var/lib',
    state({ directory: { kind: 'absent', parent: '/var/lib', parentWritable: false } }),
  ],
  ['state directory', 'fail', 'it is no directory', state({ directory: { kind: 'other', why: 'it is no directory' } })],
  ['state directory', 'fail', 'belongs to user 0, and this is user 990', directory({ owner: 0 })],
  ['state directory', 'fail', 'mode 0750): others may enter it', directory({ mode: 0o750 })],
  ['state directory', 'fail', 'cannot be written', directory({ writable: false })],
  ['state disk', 'warn', '1023MiB free', state({ disk: { free: 1023 * MIB, type: 0xef53 } })],
  ['state disk', 'warn', 'could not be told', state({ disk: null })],
  ['state disk', 'fail', 'too little', state({ disk: { free: MIB, type: 0xef53 } })],
  ['file system', 'warn', 'NFS', state({ disk: { free: GIB, type: 0x6969 } })],
  ['file system', 'warn', 'tmpfs', state({ disk: { free: GIB, type: 0x01021994 } })],
  ['file system', 'warn', 'could not be told', state({ disk: null })],
  ['file system', 'fail', '9p holds no sockets', state({ disk: { free: GIB, type: 0x01021997 } })],
  ['admin socket', 'warn', 'too long for a socket: it is at /run/x.sock', state({ adminSocket: '/run/x.sock' })],
  ['lock', 'pass', 'free', state({ lock: { kind: 'free' } })],
  ['lock', 'pass', 'left by process 12', state({ lock: { kind: 'left', pid: 12 } })],
  ['lock', 'warn', 'no lock', state({ lock: { kind: 'unreadable' } })],
  ['hub cache', 'pass', 'made when it is needed', () => ({ hub: { path: '/h', kind: 'absent', free: 9 * GIB } })],
  ['hub cache', 'warn', 'hardly room', () => ({ hub: { path: '/h', kind: 'directory', free: 4 * GIB } })],
  ['hub cache', 'fail', 'no directory', () => ({ hub: { path: '/h', kind: 'other', free: 9 * GIB } })],
  ['manifest', 'warn', 'none at /a, /b', noManifest({ kind: 'absent', looked: ['/a', '/b'] })],
  ['manifest', 'warn', '0 models', manifest({ models: [], foresight: [], engines: [] })],
  ['manifest', 'fail', 'permission denied', noManifest({ kind: 'unreadable', path: '/a', why: 'permission denied' })],
  [
    'manifest',
    'fail',
    '/a has 2 problems: line 3: it is wrong',
    noManifest({ kind: 'invalid', path: '/a', problems: 2, first: 'line 3: it is wrong' }),
  ],
  [
    'weights',
    'pass',
    '1 here, 1 fetched when first asked for',
    manifest({ foresight: [CHAT, { ...SEARCH, sources: [{ source, kind: 'absent' }] }] }),
  ],
  ['weights', 'pass', 'no model has a source', manifest({ foresight: [{ ...CHAT, sources: [] }] })],
  [
    'weights',
    'warn',
    'another source is used',
    manifest({
      foresight: [
        {
          ...CHAT,
          sources: [
            { source, ...missing },
            { source, kind: 'absent' },
          ],
        },
      ],
    }),
  ],
  ['weights', 'fail', '/srv/chat.gguf', manifest({ foresight: [{ ...CHAT, sources: [{ source, ...missing }] }] })],
  ['engines', 'pass', 'none is asked for', manifest({ engines: [] })],
  [
    'engines',
    'warn',
    'does not tell its version',
    manifest({
      engines: [{ name: 'llama-server', models: 1, installable: true, byHand: null, path: '/x', version: null }],
    }),
  ],
  [
    'engines',
    'fail',
    'was not found, and 1 model needs it',
    manifest({
      engines: [{ name: 'llama-server', models: 1, installable: true, byHand: null, path: null, version: null }],
    }),
  ],
  [
    'engines',
    'fail',
    'its command python9 was not found',
    manifest({ engines: [], programsMissing: [{ model: 'own', program: 'python9' }] }),
  ],
  ['claims', 'pass', '10GiB of 25GiB, all fit at once', () => ({})],
  [
    'claims',
    'pass',
    '10GiB of 9GiB, not all fit at once: idle ones make room',
    memory({ claimable: 9 * GIB, total: 9 * GIB }),
  ],
  [
    'claims',
    'pass',
    '1 not known before the weights are fetched',
    manifest({ foresight: [{ ...CHAT, need: null, fit: null }, SEARCH] }),
  ],
  ['claims', 'warn', 'need 5GiB, and 4GiB are free now', memory({ free: 4 * GIB })],
  [
    'claims',
    'fail',
    'chat needs 40GiB on host, which can give at most 25GiB',
    manifest({ foresight: [{ ...CHAT, fit: tooLarge }, SEARCH] }),
  ],
  [
    'claims',
    'fail',
    'need 10GiB together, and engines may claim 9GiB',
    (facts) => ({
      ...manifest({ models: [llama('chat', { keep: 'always' }), llama('search', { keep: 'always' })] })(facts),
      ...memory({ claimable: 9 * GIB })(facts),
    }),
  ],
  ['address', 'pass', '127.0.0.1:8080 is free', listen('free')],
  ['address', 'pass', 'a free port', listen('free', 0)],
  ['address', 'fail', 'something else listens', listen('taken')],
  ['address', 'fail', 'cannot be had: permission denied', listen({ refused: 'permission denied' }, 80)],
  ['daemon', 'pass', 'none runs', () => ({ daemon: none })],
  ['daemon', 'warn', 'version 0.0.9, process 4711, up 2h; this command is version 0.1.0', daemon({ version: '0.0.9' })],
  [
    'daemon',
    'fail',
    'process 12 holds the lock and does not answer: refused',
    () => ({ daemon: { kind: 'silent', pid: 12, why: 'refused' } }),
  ],
  ['in force', 'warn', 'was changed', daemon({ file: 'changed' })],
  ['in force', 'warn', 'is gone', daemon({ file: 'gone' })],
  ['in force', 'fail', 'is wrong now', daemon({ file: { refused: 'it has 2 problems' } })],
  ['leftovers', 'pass', 'none', daemon({ leftovers: { launches: 0, damaged: 0 } })],
  ['leftovers', 'warn', '2 engines were left', () => ({ daemon: { ...none, leftovers: { launches: 2, damaged: 0 } } })],
  [
    'leftovers',
    'fail',
    '1 launch record could not be read',
    () => ({ daemon: { ...none, leftovers: { launches: 0, damaged: 1 } } }),
  ],
  ['leftovers', 'fail', '3 launch records could not be read', daemon({ leftovers: { launches: 0, damaged: 3 } })],
]

describe('a check', () => {
  it('passes where all is well', () => {
    expect(examine(WELL).filter(({ verdict, fix }) => verdict !== 'pass' || fix !== null)).toEqual([])
  })

  it.each(CASES)('of %s is %s: %s', (check, verdict, words, change) => {
    const findings = examine({ ...WELL, ...change(WELL) }).filter((finding) => finding.check === check)
    expect(findings).toContainEqual({
      check,
      verdict,
      found: expect.stringContaining(words),
      fix: verdict === 'pass' ? null : expect.stringMatching(/\.$|^chmod /),
    })
  })

  it('can fail or warn, each of them', () => {
    const bad = new Set(CASES.filter(([, verdict]) => verdict !== 'pass').map(([check]) => check))
    expect(examine(WELL).map(({ check }) => check)).toEqual([...new Set(examine(WELL).map(({ check }) => check))])
    expect(examine(WELL).filter(({ check }) => !bad.has(check))).toEqual([])
  })
})

describe('the screen', () => {
  const worse: Facts = {
    ...WELL,
    ...program({ node: '23.1.0' })(WELL),
    ...directory({ mode: 0o755 })(WELL),
    ...manifest({ foresight: [{ ...CHAT, sources: [{ source, ...missing }] }, SEARCH] })(WELL),
    daemon: { kind: 'none', leftovers: { launches: 2, damaged: 0 } },
  }
  it.each([
    ['doctor-80.txt', WELL, { color: false, width: 80 }],
    ['doctor-200.txt', WELL, { color: false, width: 200 }],
    ['doctor-worse-80.txt', worse, { color: false, width: 80 }],
    ['doctor-worse-200.txt', worse, { color: false, width: 200 }],
    ['doctor-worse-piped.txt', worse, { color: false, width: null }],
    ['doctor-worse-80-color.txt', worse, { color: true, width: 80 }],
  ])('%s', (file, facts, look) => {
    return expectGolden(file, renderDoctor(examine(facts), look).replaceAll('\u001b', '\\e'))
  })
})

describe('what is gathered', () => {
  it('reads the limit of open files', () => {
    const limits = (soft: string) =>
      `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}   524288   files\n`
    expect(parseOpenFiles(limits('1024'))).toBe(1024)
    expect(parseOpenFiles(limits('unlimited'))).toBe(Number.POSITIVE_INFINITY)
    expect(parseOpenFiles('')).toBeNull()
  })

  it('reads what nvidia-smi prints', () => {
    expect(parseGpus('NVIDIA L40S, 550.54.14\nNVIDIA A100-SXM4-40GB, 550.54.14\n')).toEqual({
      kind: 'found',
      driver: '550.54.14',
      names: ['NVIDIA L40S', 'NVIDIA A100-SXM4-40GB'],
    })
    expect(parseGpus('No devices were found\n').names).toEqual([])
  })
})

describe('doctor', () => {
  /** An environment of its own, with an nvidia-smi that does what `script` says. */
  function host(script: string | null): Record<string, string> {
    const home = temporaryDirectory()
    const bin = join(home, 'bin')
    mkdirSync(bin)
    if (script !== null) {
      writeFileSync(join(bin, 'nvidia-smi'), `#!/bin/sh\n${script}\n`)
      chmodSync(join(bin, 'nvidia-smi'), 0o755)
    }
    return {
      PATH: `${bin}:/usr/bin:/bin`,
      HOME: home,
      XDG_CONFIG_HOME: join(home, 'config'),
      ENGINEHOUSE_STATE_DIR: join(home, 'state'),
    }
  }
  const manifestFile = (environment: Record<string, string>, text: string): string => {
    const path = join(environment['HOME'] ?? '', 'm.yaml')
    writeFileSync(path, text)
    return path
  }
  const COMMAND = (listen: string, program = 'sh') =>
    `version: 1\nserver: { listen: "${listen}" }\nmodels: { own: { engine: command, command: [${program}] } }\n`
  const found = (stdout: string): Map<string, { verdict: string; found: string }> =>
    new Map(JSON.parse(stdout).findings.map((finding: { check: string }) => [finding.check, finding]))
  const size = { devices: [], claimable: 8 * GIB, free: null }
  const house = { hostSize: async () => size }

  it('exits 0 where nothing failed', async () => {
    const environment = host('echo "NVIDIA L40S, 550.54.14"')
    const argv = ['doctor', '--json', '-c', manifestFile(environment, COMMAND('127.0.0.1:0'))]
    const { exit, stdout, stderr } = await runCommand(argv, { environment, house })
    expect([exit, stderr, JSON.parse(stdout).ok]).toEqual([0, '', true])
    const findings = found(stdout)
    expect(findings.get('gpu')?.found).toContain('NVIDIA L40S, driver 550.54.14')
    expect(findings.get('daemon')?.found).toContain('none runs')
    expect(findings.get('address')?.verdict).toBe('pass')
    expect((await runCommand(['doctor', ...argv.slice(2)], { environment, house })).stdout).toContain('0 failed')
  })

  it('exits 1 where something failed', async () => {
    const environment = host(null)
    const argv = ['doctor', '--json', '-c', manifestFile(environment, COMMAND('127.0.0.1:0', 'no-such-program'))]
    const { exit, stdout } = await runCommand(argv, { environment, house })
    expect([exit, JSON.parse(stdout).ok]).toEqual([1, false])
    expect(found(stdout).get('engines')?.found).toBe('own: its command no-such-program was not found')
    expect(found(stdout).get('gpu')?.found).toContain('no NVIDIA GPU found')
  })

  it('says what a broken driver says', async () => {
    const environment = host('echo "NVIDIA-SMI has failed"; exit 9')
    const { stdout } = await runCommand(['doctor', '--json'], { environment, house })
    expect(found(stdout).get('gpu')?.found).toBe('nvidia-smi does not work: NVIDIA-SMI has failed')
  })

  it('tells a port that is taken from one that is free', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const environment = host(null)
    const argv = ['doctor', '--json', '-c', manifestFile(environment, COMMAND(`127.0.0.1:${port}`))]
    expect(found((await runCommand(argv, { environment, house })).stdout).get('address')?.verdict).toBe('fail')
  })

  it.each([
    ['version: 1\nmodels: { a: { engin: command } }', 'fail', 'line 2'],
    [null, 'warn', 'none at'],
  ])('says of the manifest %j: %s', async (text, verdict, words) => {
    const environment = host(null)
    const argv = ['doctor', '--json', ...(text === null ? [] : ['-c', manifestFile(environment, text)])]
    expect(found((await runCommand(argv, { environment, house })).stdout).get('manifest')).toMatchObject({
      verdict,
      found: expect.stringContaining(words),
    })
  })

  it('a variable that is wrong does not end it', async () => {
    const environment = { ...host(null), ENGINEHOUSE_LISTEN: 'nowhere' }
    const argv = ['doctor', '--json', '-c', manifestFile(environment, COMMAND('127.0.0.1:0'))]
    const { exit, stdout } = await runCommand(argv, { environment, house })
    expect([exit, found(stdout).get('manifest')?.found]).toEqual([
      1,
      expect.stringContaining('ENGINEHOUSE_LISTEN must be'),
    ])
  })

  it('asks the daemon that holds the lock', async () => {
    const daemon = await stubDaemon({
      'GET /api/v1/status': { version: '0.0.1', pid: 7, uptime_seconds: 60, listen: null, manifest: null },
    })
    const holder = { pid: process.pid, startTime: '', bootId: '', token: 'x' }
    writeFileSync(join(daemon.stateDirectory, 'lock'), JSON.stringify(holder))
    mkdirSync(join(daemon.stateDirectory, 'run', 'chat-1'), { recursive: true })
    mkdirSync(join(daemon.stateDirectory, 'run', 'chat-2~.damaged'))
    const environment = { ...host(null), ...daemon.environment }
    const { stdout } = await runCommand(['doctor', '--json'], { environment, house })
    expect(found(stdout).get('lock')).toMatchObject({ verdict: 'pass', found: `held by process ${process.pid}` })
    expect(found(stdout).get('daemon')?.found).toContain('version 0.0.1, process 7, up 1m')
    expect(found(stdout).get('leftovers')?.verdict).toBe('fail')
  })

  it('says that a daemon hangs', async () => {
    const environment = host(null)
    const state = environment['ENGINEHOUSE_STATE_DIR'] ?? ''
    mkdirSync(state, { mode: 0o700 })
    const holder = { pid: process.pid, startTime: '', bootId: '', token: 'x' }
    writeFileSync(join(state, 'lock'), JSON.stringify(holder))
    const { exit, stdout } = await runCommand(['doctor', '--json'], { environment, house })
    expect([exit, found(stdout).get('daemon')?.verdict]).toEqual([1, 'fail'])
  })
})
