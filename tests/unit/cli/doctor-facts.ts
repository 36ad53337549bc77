import type { Facts, GoodManifestFacts } from '../../../src/cli/doctor/facts.ts'
import { GIB } from '../../../src/core/index.ts'
import type { ModelSpec } from '../../../src/core/index.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'

export const NOW = Date.parse('2026-01-31T14:00:00Z')

export function llama(name: string, more: Partial<ModelSpec> = {}): ModelSpec {
  const source = [{ kind: 'file', path: `/srv/models/${name}.gguf` }] as const
  return modelSpec({ name, engine: 'llama-server', source, ...more })
}

export const MANIFEST: GoodManifestFacts = {
  kind: 'good',
  path: '/etc/enginehouse/enginehouse.yaml',
  models: [llama('chat'), llama('search', { keep: 'always' })],
  foresight: ['chat', 'search'].map((name) => ({
    model: name,
    sources: [
      {
        source: { kind: 'file', path: `/srv/models/${name}.gguf` },
        kind: 'present',
        weights: { path: `/srv/models/${name}.gguf`, bytes: 4 * GIB, architecture: 'llama', trainedContext: 8192 },
      },
    ],
    need: { perGpu: null, host: 5 * GIB, origin: 'formula' },
    fit: { fits: true },
  })),
  engines: [
    {
      name: 'llama-server',
      models: 2,
      installable: true,
      byHand: null,
      path: '/usr/bin/llama-server',
      version: '4719 (7b8443ac7)',
    },
  ],
  listen: { address: { kind: 'tcp', host: '127.0.0.1', port: 8080 }, shown: '127.0.0.1:8080', state: 'ours' },
  programsMissing: [],
}

/** A host on which nothing is wrong. */
export const WELL: Facts = {
  program: { version: '0.1.0', node: '20.20.2', nodeNeeded: '20.19', platform: 'linux', arch: 'x64', procfs: true },
  clock: { now: NOW, programAt: NOW - 1e9, newest: { path: MANIFEST.path, at: NOW - 1e6 } },
  limits: { openFiles: 1_048_576, sharedMemory: 16 * GIB },
  memory: { devices: [], total: 32 * GIB, machine: 32 * GIB, claimable: 25 * GIB, free: 28 * GIB },
  gpu: { kind: 'none' },
  state: {
    path: '/var/lib/enginehouse',
    directory: { kind: 'present', mode: 0o700, owner: 990, writable: true },
    user: 990,
    disk: { free: 200 * GIB, type: 0xef53 },
    lock: { kind: 'held', pid: 4711 },
    adminSocket: '/var/lib/enginehouse/admin.sock',
  },
  hub: { path: '/var/cache/huggingface/hub', kind: 'directory', free: 900 * GIB },
  manifest: MANIFEST,
  daemon: {
    kind: 'running',
    pid: 4711,
    version: '0.1.0',
    listen: 'http://127.0.0.1:8080',
    manifest: MANIFEST.path,
    startedAt: NOW - 7_200_000,
    file: 'in_force',
    leftovers: { launches: 1, damaged: 0 },
  },
}
