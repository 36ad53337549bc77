import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { tgi } from '../../../engines/tgi/adapter.ts'
import { GIB } from '../../../src/core/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { planRequest } from './request.ts'

/** Names of its flags from its documentation; nothing of it was run. */
const KNOWN = new Set(readFileSync(new URL('../../fixtures/tgi-3.3.7-flags.txt', import.meta.url), 'utf8').split('\n'))

const PORT = { kind: 'tcp', host: '127.0.0.1', port: 20001 } as const
const GPUS = { gpuUuids: ['GPU-a'], gpuIndices: [0], gpuShares: [{ claim: 24 * GIB, total: 80 * GIB }] }

describe('flags', () => {
  const argv = [planRequest({}, { address: PORT }), planRequest({}, { address: PORT, ...GPUS })].flatMap(
    (request) => tgi.plan(request).argv,
  )
  const flags = argv.filter((argument) => argument.startsWith('-'))

  test('the list was understood', () => {
    expect([...KNOWN]).toEqual(expect.arrayContaining(['--model-id', '-p', '--cuda-memory-fraction']))
    expect(KNOWN.size).toBeGreaterThan(50)
  })

  test('every flag that is set is one that is documented', () => {
    expect(flags.filter((flag) => !KNOWN.has(flag))).toEqual([])
  })

  test('every reserved flag is one that is documented', () => {
    expect([...tgi.reservedFlags.keys()].filter((flag) => !KNOWN.has(flag))).toEqual([])
  })

  test('every flag that is set is reserved, but for what may be tuned', () => {
    const free = new Set(flags.filter((flag) => !tgi.reservedFlags.has(flag)))
    expect([...free]).toEqual(['--max-batch-total-tokens', '--usage-stats'])
  })

  test.each(['port', 'num-shard', 'shard-uds-path', 'master_port', 'trust-remote-code', 'api-key', 'ngrok', '-e'])(
    '%s is refused',
    (flag) => {
      expect(() => tgi.plan(planRequest({ engine: 'tgi', args: [[flag, '1']] }, { address: PORT }))).toThrow(
        expect.objectContaining({ code: 'manifest_flag_reserved' }),
      )
    },
  )
})

test('two launches share no socket and no port', () => {
  const one = tgi.plan(planRequest({}, { address: PORT })).argv
  const other = tgi.plan(
    planRequest({}, { address: { ...PORT, port: 20011 }, ports: [20012, 20013], directory: '/run/i2' }),
  ).argv
  const unique = ['--port', '--master-port', '--prometheus-port', '--shard-uds-path']
  for (const flag of unique) expect(one[one.indexOf(flag) + 1], flag).not.toBe(other[other.indexOf(flag) + 1])
})

test('the paths of shards stay short enough for sockets', () => {
  const directory = `/srv/${'a'.repeat(120)}/i1`
  const { argv } = tgi.plan(planRequest({}, { address: PORT, directory }))
  expect(argv[argv.indexOf('--shard-uds-path') + 1]).toBe('/tmp/enginehouse-i1')
})

test('no value of a variable stands in the arguments of a container', () => {
  const env = { SECRET_TOKEN: 'hunter2' }
  const { argv } = tgi.plan(planRequest({ env }, { address: PORT, image: 'tgi:3', binary: '/usr/bin/docker' }))
  expect(argv.join(' ')).not.toContain('hunter2')
  expect(argv[argv.indexOf('SECRET_TOKEN') - 1]).toBe('--env')
})

test('its program is the launcher, or docker for an image', async () => {
  const base = temporaryDirectory()
  for (const name of ['docker', 'text-generation-launcher']) {
    writeFileSync(join(base, name), '#!/bin/sh\n')
    chmodSync(join(base, name), 0o755)
  }
  const places = { configured: null, image: null, path: [base], installed: base }
  expect(await tgi.locate(places)).toBe(join(base, 'text-generation-launcher'))
  expect(await tgi.locate({ ...places, image: 'tgi:3' })).toBe(join(base, 'docker'))
  await expect(tgi.locate({ ...places, path: [] })).rejects.toMatchObject({
    facts: { engine: 'tgi', next: expect.stringContaining('engine: vllm') },
  })
  await expect(tgi.locate({ ...places, path: [], image: 'tgi:3' })).rejects.toMatchObject({
    facts: { engine: 'docker' },
  })
})

test.each([
  [
    '2026-11-21T15:00:00.000000Z  INFO shard-manager: text_generation_launcher: Starting shard rank=0',
    { kind: 'phase', name: 'loading weights' },
  ],
  [
    '2026-11-21T15:00:20.000000Z  INFO text_generation_launcher: Starting Webserver',
    { kind: 'phase', name: 'opening the server' },
  ],
  [
    '\u001B[2m2026-11-21T15:00:21Z\u001B[0m \u001B[32m INFO\u001B[0m text_generation_router_v3: backends/v3/src/lib.rs:125: Warming up model',
    { kind: 'phase', name: 'warming up' },
  ],
  [
    '2026-11-21T15:00:25Z  INFO text_generation_router_v3: Setting max batch total tokens to 65536',
    { kind: 'capacity', tokens: 65_536 },
  ],
  [
    '2026-11-21T15:00:25Z  INFO text_generation_router::server: router/src/server.rs:2402: Connected',
    { kind: 'phase', name: 'listening' },
  ],
  ['2026-11-21T15:00:10Z  INFO shard-manager: text_generation_launcher: Waiting for shard to be ready... rank=0', null],
])('%s', (line, event) => {
  expect(tgi.parseLine(line)).toEqual(event)
})

test.each([
  [
    'gpu_oom',
    [
      'RuntimeError: Not enough memory to handle 4096 prefill tokens. You need to decrease `--max-batch-prefill-tokens`',
      'Error: WebserverFailed',
    ],
    /does not hold 4096 tokens/,
  ],
  [
    'host_oom',
    ['ERROR shard-manager: Shard process was signaled to shutdown with signal 9 rank=0', 'Error: ShardCannotStart'],
    /a shard was killed/,
  ],
  ['bad_config', ['docker: Error response from daemon: No such image: tgi:3.'], /does not have the image tgi:3/],
  ['bad_config', ["Unable to find image 'tgi:3' locally"], /docker pull tgi:3/],
  [
    'driver',
    ['docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].'],
    /container toolkit/,
  ],
  [
    'spawn_failed',
    ['Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'],
    /does not answer/,
  ],
  [
    'bad_config',
    ['Error: ArgumentValidation("`max_input_tokens must be < `max_total_tokens`")'],
    /refused its arguments/,
  ],
  [
    'gpu_oom',
    ['torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB', 'Error: ShardCannotStart'],
    /CUDA out of memory/,
  ],
  ['exited', ['Error: ShardCannotStart'], /ShardCannotStart/],
] as const)('%s: %j', (failure, tail, message) => {
  const { class: found, message: said } = tgi.classifyExit({ code: 1, signal: null }, tail)
  expect([found, said]).toEqual([failure, expect.stringMatching(message)])
})
