import { expect, test } from 'vitest'
import { ADAPTERS } from '../../../engines/index.ts'
import { manifestForFile } from '../../../src/manifest/index.ts'

test('a file is a manifest of one llama-server model on a free loopback port', () => {
  const manifest = manifestForFile('/srv/weights/SmolLM2-135M.Q4_K_M.gguf', ADAPTERS)
  expect(manifest).toMatchObject({
    path: null,
    directory: '/srv/weights',
    server: { listen: { kind: 'tcp', host: '127.0.0.1', port: 0 } },
  })
  expect([...manifest.models]).toMatchObject([
    [
      'SmolLM2-135M.Q4_K_M',
      {
        name: 'SmolLM2-135M.Q4_K_M',
        engine: 'llama-server',
        source: [{ kind: 'file', path: '/srv/weights/SmolLM2-135M.Q4_K_M.gguf' }],
        gpus: { kind: 'none' },
        ttl: 300_000,
      },
    ],
  ])
  expect(Object.isFrozen(manifest.models.get('SmolLM2-135M.Q4_K_M')?.source)).toBe(true)
})

test('the caller chooses the address and the GPUs', () => {
  const listen = { kind: 'unix', path: '/run/x.sock' } as const
  const manifest = manifestForFile('/a.gguf', ADAPTERS, { listen, gpus: { kind: 'any' } })
  expect(manifest.server.listen).toEqual(listen)
  expect(manifest.models.get('a')?.gpus).toEqual({ kind: 'any' })
})

test.each([
  ['/w/big-00001-of-00003.gguf', 'big'],
  ['/w/my model (1).GGUF', 'my-model-1-'],
  ['/w/.hidden', 'hidden'],
  ['/w/load.gguf', 'model'],
  ['/w/模型.gguf', 'model'],
  [`/w/${'a'.repeat(200)}.gguf`, 'a'.repeat(128)],
])('%s is named %s', (path, name) => {
  expect([...manifestForFile(path, ADAPTERS).models.keys()]).toEqual([name])
})
