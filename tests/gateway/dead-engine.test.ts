import { expect, test } from 'vitest'
import { jsonAnswer } from './support/raw-engine.ts'
import { ask, errorOf, setScene } from './support/scene.ts'

/** Nobody listens on port 1. */
const NOWHERE = { kind: 'tcp', host: '127.0.0.1', port: 1 } as const

test('a request that a dead engine never got starts over when its end is seen', async () => {
  const { house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer({ id: 'c' })) })
  const { admission } = house
  const alive = admission.address
  admission.address = NOWHERE
  admission.grant = (lease) => {
    if (admission.asked.length > 1) return lease
    // The exit is seen only after the connection was refused.
    setImmediate(() => {
      admission.address = alive
      admission.end()
    })
    return lease
  }
  const response = await ask(house)
  expect([response.status, await response.text()]).toEqual([200, '{"id":"c"}'])
  expect(response.headers.get('x-enginehouse-instance')).toBe('m-2')
  expect(admission.asked.map(({ info }) => info.id)).toHaveLength(2)
  await admission.releasedAll(2)
  expect(admission.released).toEqual(['engine_error', 'complete'])
})

test('it starts over once: a second dead engine is an error', async () => {
  const { house } = await setScene({ answer: () => {} })
  const { admission } = house
  admission.address = NOWHERE
  admission.grant = (lease) => {
    if (admission.asked.length === 1) setImmediate(() => admission.end())
    return lease
  }
  const response = await ask(house)
  expect([response.status, (await errorOf(response)).code]).toEqual([502, 'engine_crashed'])
  expect(admission.released).toEqual(['engine_error', 'engine_error'])
})

test('an engine that is not reached and whose end is not seen either is an error', async () => {
  const { house } = await setScene({ answer: () => {} })
  house.admission.address = NOWHERE
  const response = await ask(house)
  const error = await errorOf(response)
  expect([response.status, error.code]).toEqual([502, 'engine_crashed'])
  expect(error.message).toContain('accepts no connection')
  // To whoever counts such answers it is one that cannot be had from this engine, not one that it broke off.
  expect(house.admission.released).toEqual(['stalled'])
})
