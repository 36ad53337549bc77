import { expect, test } from 'vitest'

import { CAPABILITIES } from '../../../src/core/index.ts'
import { commandEngine } from '../../../engines/command/adapter.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'
import { planRequest } from './request.ts'

const PORT = { kind: 'tcp', host: '127.0.0.1', port: 20001 } as const

test.each([
  [['serve', '--uds={socket}'], 'socket'],
  [['serve', '--port', '{port}'], 'port'],
  [['serve'], 'port'],
] as const)('%j listens on a %s', (command, expected) => {
  expect(commandEngine.listens(modelSpec({ engine: 'command', command }))).toBe(expected)
})

test.each([
  ['{port}', planRequest({ command: ['{port} {socket}'] }), /uses \{port\}, and it listens on \{socket\}/],
  ['{socket}', planRequest({ command: ['{socket}'] }, { address: PORT }), /path of the state directory is too long/],
  ['{model_path}', planRequest({ command: ['{model_path}'] }, { weights: null }), /it has no `source`/],
  [
    '{model_path} of a stop command',
    planRequest(
      { command: ['x'], stop: { signal: 'SIGTERM', grace: 10_000, command: ['{model_path}'] } },
      { weights: null },
    ),
    /The stop\.command of .* uses \{model_path\}/,
  ],
])('%s that stands for nothing is refused', (_macro, request, message) => {
  expect(() => commandEngine.plan(request)).toThrow(expect.objectContaining({ code: 'manifest_conflict' }))
  expect(() => commandEngine.plan(request)).toThrow(message)
})

test('it needs no program of ours, answers all routes, and proves itself by its socket alone', async () => {
  expect(await commandEngine.locate({ configured: null, image: null, path: [], installed: '/none' })).toBeNull()
  expect([...commandEngine.capabilities(modelSpec())]).toEqual(CAPABILITIES)
  expect([...commandEngine.capabilities(modelSpec({ capabilities: ['chat'] }))]).toEqual(['chat'])
  expect(commandEngine.plan(planRequest({ command: ['serve'] })).readiness.guarded).toBeNull()
})
