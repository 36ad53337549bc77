import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { describe, expect, onTestFinished, test } from 'vitest'

import { createPortGiver, parsePortRange, portsOutside } from '../../../src/process/free-port.ts'

describe('the range', () => {
  test.each([
    ['the usual ephemeral range', 32_768, 60_999, { first: 10_000, last: 32_767 }],
    ['a low one', 1024, 30_000, { first: 30_001, last: 65_535 }],
    ['one that takes all', 1024, 65_535, { first: 10_000, last: 65_535 }],
  ])('%s', (_name, first, last, expected) => {
    expect(portsOutside({ first, last })).toEqual(expected)
  })

  test('is read as the kernel writes it', () => {
    expect(parsePortRange('32768\t60999\n')).toEqual({ first: 32_768, last: 60_999 })
    expect(parsePortRange('')).toBeUndefined()
  })
})

describe('giving', () => {
  async function listener(): Promise<number> {
    const server = createServer()
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  test('fifty at once are fifty different ports', async () => {
    const give = createPortGiver()
    const ports = await Promise.all(Array.from({ length: 50 }, give))
    expect(new Set(ports).size).toBe(50)
  })

  test('a port that somebody listens on is passed over; when there is no other, no_free_port', async () => {
    const taken = await listener()
    await expect(createPortGiver({ first: taken, last: taken })()).rejects.toMatchObject({
      code: 'no_free_port',
      facts: { first: taken, last: taken },
    })
  })
})
