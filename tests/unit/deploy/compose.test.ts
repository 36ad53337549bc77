import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'

import { SHUTDOWN_DRAIN } from '../../../src/app.ts'
import { createHouse } from '../../../src/app/house.ts'
import type { EnginePlan } from '../../../src/engine/contract.ts'
import { allowedHosts } from '../../../src/gateway/hosts.ts'
import { parseGood } from '../manifest/helpers.ts'
import { every, readDockerfile } from './dockerfile.ts'

const { knowledge } = createHouse()

/*
 * No container engine is asked: what is held here is the shape of the two files, and that they agree with each other,
 * with the manifest that they mount, and with the daemon's own limits.
 */

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

const service = z
  .object({
    build: z.string(),
    hostname: z.string(),
    init: z.boolean(),
    restart: z.string(),
    stop_grace_period: z.string(),
    ipc: z.string(),
    ulimits: z.record(z.string(), z.number()),
    security_opt: z.array(z.string()),
    deploy: z.object({
      resources: z.object({
        reservations: z.object({
          devices: z.array(
            z.strictObject({ driver: z.string(), count: z.string(), capabilities: z.array(z.string()) }),
          ),
        }),
      }),
    }),
    environment: z.record(z.string(), z.string()),
    ports: z.array(z.string()),
    volumes: z.array(z.string()),
    healthcheck: z.object({
      test: z.array(z.string()),
      interval: z.string(),
      timeout: z.string(),
      start_period: z.string(),
      retries: z.number(),
    }),
  })
  .strict()
const compose = z
  .strictObject({ services: z.strictObject({ enginehouse: service }), volumes: z.record(z.string(), z.null()) })
  .parse(parseYaml(textOf('docker-compose.gpu.yml')))
const { enginehouse } = compose.services

const { args, stages } = readDockerfile(textOf('Dockerfile'))
const [daemon, llama, image] = stages
if (!daemon || !llama || !image) throw new Error('the Dockerfile has not three stages')
const run = every(image, 'RUN').join('\n')
const environment = Object.fromEntries(
  every(image, 'ENV').flatMap((text) => text.split(/\s+/).map((pair) => pair.split('=') as [string, string])),
)

const MANIFEST = 'configs/docker/enginehouse.yaml'
const manifest = parseGood(textOf(MANIFEST), knowledge)

/** Host path, path within, and whether it is read only; the default of a variable in its place. */
const mounts = enginehouse.volumes.map((text) => {
  const [from = '', to = '', mode] = text.replace(/\$\{\w+:-([^}]*)\}/, '$1').split(':')
  return { from, to, readOnly: mode === 'ro' }
})

describe('the service', () => {
  test('has GPUs by reservation, what nvidia-smi needs, and shared memory', () => {
    expect(enginehouse.deploy.resources.reservations.devices).toEqual([
      { driver: 'nvidia', count: 'all', capabilities: ['gpu'] },
    ])
    expect(enginehouse.environment).toEqual({ NVIDIA_DRIVER_CAPABILITIES: 'compute,utility' })
    expect(enginehouse.ipc).toBe('host')
    expect(enginehouse.ulimits).toEqual({ memlock: -1, stack: 64 * 1024 * 1024 })
  })

  test('has an init that reaps, comes back after a crash, and gains no privileges', () => {
    expect(enginehouse.init).toBe(true)
    expect(enginehouse.restart).toBe('unless-stopped')
    expect(enginehouse.security_opt).toEqual(['no-new-privileges:true'])
  })

  test('gets longer to stop than the daemon takes at worst', () => {
    // As the golden files have the plans of every engine; src/engine/ladder.ts repeats KILL for 10 s, and gives up on a
    // system that tells nothing after twice that.
    const directory = join(ROOT, 'tests/golden/engines')
    const graces = readdirSync(directory).map((name) => {
      const { plan } = JSON.parse(readFileSync(join(directory, name), 'utf8')) as { plan: EnginePlan }
      return plan.stop.grace
    })
    expect(Math.max(...graces)).toBeGreaterThanOrEqual(15_000)
    const worst = SHUTDOWN_DRAIN + Math.max(...graces) + 20_000
    expect(enginehouse.stop_grace_period).toMatch(/^\d+s$/)
    expect(Number.parseInt(enginehouse.stop_grace_period) * 1000).toBeGreaterThan(worst)
  })

  test('mounts the manifest as a directory, weights read only, and keeps state and caches in volumes', () => {
    expect(mounts).toEqual([
      { from: './configs/docker', to: '/etc/enginehouse', readOnly: true },
      { from: './models', to: '/models', readOnly: true },
      { from: 'state', to: environment['ENGINEHOUSE_STATE_DIR'], readOnly: false },
      { from: 'caches', to: `${environment['HOME']}/.cache`, readOnly: false },
    ])
    expect(Object.keys(compose.volumes)).toEqual(['state', 'caches'])
  })
})

describe('the port', () => {
  const { listen } = manifest.server
  if (listen.kind !== 'tcp') throw new Error('the manifest listens on no port')

  test('is the manifest’s, and published on loopback only', () => {
    expect(manifest.server.auth).toBe('none')
    expect(enginehouse.ports).toEqual([`127.0.0.1:${listen.port}:${listen.port}`])
    expect(every(image, 'EXPOSE')).toEqual([String(listen.port)])
    expect(listen.host).toBe('0.0.0.0')
  })

  test('answers to the names that clients of this host and of its network use, and to no others', () => {
    const hosts = allowedHosts(listen, { hosts: manifest.server.hosts, own: [enginehouse.hostname] })
    const named = ['localhost', '127.0.0.1', 'enginehouse'].map((name) => `${name}:${listen.port}`)
    expect(named.filter((name) => !hosts.has(name))).toEqual([])
    // Published as another port, the comment in the file says what the manifest needs.
    expect(hosts.has('localhost:9000')).toBe(false)
    expect(allowedHosts(listen, { hosts: ['auto', 'localhost:9000'], own: [] }).has('localhost:9000')).toBe(true)
    expect([`0.0.0.0:${listen.port}`, 'elsewhere.example'].filter((name) => hosts.has(name))).toEqual([])
  })

  test('is asked for its health by node, alike in image and service', () => {
    const { test: command, interval, timeout, start_period, retries } = enginehouse.healthcheck
    const [, ...argv] = command
    expect(command.slice(0, 3)).toEqual(['CMD', 'node', '-e'])
    expect(argv.at(-1)).toContain(`'http://127.0.0.1:${listen.port}/livez'`)
    const options = `--interval=${interval} --timeout=${timeout} --start-period=${start_period} --retries=${retries}`
    const [text = ''] = every(image, 'HEALTHCHECK')
    const [said, asked = ''] = text.split(/\s+CMD\s+/)
    expect(said).toBe(options)
    expect(JSON.parse(asked)).toEqual(argv)
  })
})

describe('the models of the manifest', () => {
  test('are where the weights are mounted', () => {
    const places = [...manifest.models.values()].flatMap(({ source }) => source)
    expect(places.length).toBeGreaterThan(1)
    expect(JSON.stringify(places).match(/\/models\//g)).toHaveLength(places.length)
  })

  test('use the engines of the image, one of them without a GPU', () => {
    const models = [...manifest.models.values()]
    expect(models.map(({ engine }) => engine).toSorted()).toEqual(['llama-server', 'vllm'])
    expect(manifest.models.get('chat')?.gpus).toEqual({ kind: 'none' })
    expect(manifest.models.get('coder')?.fallback).toBe('chat')
  })
})

describe('the image', () => {
  test('is made of pinned versions, each named once at the top', () => {
    expect([...args.keys()]).toEqual(['NODE', 'LLAMA_CPP', 'VLLM'])
    expect(stages.map((stage) => stage.image)).toEqual([...args.values()])
    expect(args.get('NODE')).toMatch(/^node:\d+\.\d+\.\d+-bookworm-slim$/)
    expect(args.get('LLAMA_CPP')).toMatch(/^ghcr\.io\/ggml-org\/llama\.cpp:server-cuda-b\d+$/)
    expect(args.get('VLLM')).toMatch(/^vllm\/vllm-openai:v\d+\.\d+\.\d+$/)
  })

  test('has a Node that the program runs on, and the vLLM that its flags were checked against', () => {
    const major = Number(/^node:(\d+)/.exec(args.get('NODE') ?? '')?.[1])
    expect(major).toBeGreaterThanOrEqual(20)
    const [, version] = /:v(.*)$/.exec(args.get('VLLM') ?? '') ?? []
    expect(existsSync(join(ROOT, `tests/fixtures/vllm-${version}-help.txt`))).toBe(true)
  })

  test('builds the daemon by its lock file and takes along what serving needs only', () => {
    expect(every(daemon, 'RUN')).toEqual(['npm ci', 'npm run build && npm prune --omit=dev'])
    const taken = every(image, 'COPY').map((text) => text.split(/\s+/))
    expect(taken.map(([stage]) => stage)).toEqual([...Array<string>(4).fill('--from=daemon'), '--from=llama'])
    expect(taken.map(([, from]) => from)).toEqual([
      '/usr/local/bin/node',
      '/build/package.json',
      '/build/node_modules',
      '/build/dist',
      '/app',
    ])
    const bin = (JSON.parse(textOf('package.json')) as { bin: { enginehouse: string } }).bin.enginehouse
    expect(run).toContain(`ln -s /opt/enginehouse/${bin} /usr/local/bin/enginehouse`)
  })

  test('sends the builder what it copies and no more', () => {
    const [all, ...kept] = textOf('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    const copied = every(daemon, 'COPY').flatMap((text) => text.split(/\s+/).slice(0, -1))
    expect(all).toBe('*')
    expect(kept.map((line) => line.slice(1)).toSorted()).toEqual(copied.toSorted())
    expect(kept.every((line) => line.startsWith('!') && existsSync(join(ROOT, line.slice(1))))).toBe(true)
  })

  test('has llama-server on PATH, with its libraries for it alone', () => {
    expect(every(llama, 'RUN').join('\n')).toContain('ldd /app/llama-server')
    expect(run).toContain('> /usr/local/bin/llama-server')
    expect(run).toContain('exec /app/llama-server "$@"')
    expect(environment).not.toHaveProperty('LD_LIBRARY_PATH')
  })

  test('runs as a user of its own, with a state directory that no other may enter', () => {
    const [, directories = ''] = /install --directory --mode=0700 --owner=enginehouse \S+\s+([^&\n]*)/.exec(run) ?? []
    expect(directories.trim().split(/\s+/)).toEqual(mounts.slice(2).map(({ to }) => to))
    const [, uid] = /useradd --uid (\d+) /.exec(run) ?? []
    expect(every(image, 'USER')).toEqual([uid])
    expect(Number(uid)).toBeGreaterThan(0)
  })

  test('serves the mounted manifest', () => {
    const [entry = ''] = every(image, 'ENTRYPOINT')
    expect(JSON.parse(entry)).toEqual(['enginehouse', 'serve', '-c', `${mounts[0]?.to}/enginehouse.yaml`])
    expect(existsSync(join(ROOT, mounts[0]?.from ?? '', 'enginehouse.yaml'))).toBe(true)
  })
})
