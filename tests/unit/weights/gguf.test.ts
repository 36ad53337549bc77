import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readGguf } from '../../../src/weights/index.ts'
import { ALIGNMENT, array, ggufFile, pair, preamble, text, u32, u64 } from '../../fixtures/gguf-bytes.ts'
import type { GgufValue } from '../../fixtures/gguf-bytes.ts'
import { tinyGguf, writeTinyGguf } from '../../fixtures/tiny-gguf.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

async function read(bytes: Buffer) {
  const path = join(temporaryDirectory(), 'model.gguf')
  writeFileSync(path, bytes)
  return readGguf(path)
}

async function whyWrong(bytes: Buffer): Promise<string> {
  const result = await read(bytes)
  return result.kind === 'wrong' ? result.why : 'it was taken as good'
}

const ARCHITECTURE = ['general.architecture', { type: 'string', value: 'llama' }] as const

describe('a good file', () => {
  test('tells architecture, trained context and its other scalars, and counts what arrays it skips', async () => {
    const result = await read(tinyGguf({ name: 'a name', context: 512 }))
    if (result.kind === 'wrong') throw new Error(result.why)
    expect(result.header).toMatchObject({ version: 3, architecture: 'llama', trainedContext: 512 })
    expect(result.header.tensors).toHaveLength(21)
    expect(result.header.tensors[0]).toEqual({ name: 'token_embd.weight', bytes: 259 * 64 * 4 })
    expect(result.header.scalars.get('general.name')).toBe('a name')
    expect(result.header.scalars.get('tokenizer.ggml.add_bos_token')).toBe(true)
    expect(result.header.scalars.get('llama.attention.layer_norm_rms_epsilon')).toBeCloseTo(1e-5)
    expect(result.header.scalars.has('tokenizer.ggml.tokens')).toBe(false)
    expect(result.header.entries.get('tokenizer.ggml.tokens')).toBeGreaterThan(256)
  })

  test('may be of version 2, without tensors, without an architecture', async () => {
    expect(await read(ggufFile([], [], 2))).toEqual({
      kind: 'header',
      header: {
        version: 2,
        tensors: [],
        architecture: null,
        trainedContext: null,
        scalars: new Map(),
        lists: new Map(),
        entries: new Map(),
      },
    })
  })

  test('may have tensors of a type that is newer than this: each reaches to the next', async () => {
    const entry = (name: string, type: number, offset: number): Buffer =>
      Buffer.concat([text(name), u32(1), u64(8), u32(type), u64(offset)])
    const table = [entry('last', 99, 96), entry('new', 99, 32), entry('known', 0, 0)]
    const header = Buffer.concat([preamble(3, 0), ...table])
    const start = Math.ceil(header.length / ALIGNMENT) * ALIGNMENT
    const result = await read(Buffer.concat([header, Buffer.alloc(start + 160 - header.length)]))
    expect(result.kind === 'header' && new Map(result.header.tensors.map(({ name, bytes }) => [name, bytes]))).toEqual(
      new Map([
        ['known', 32],
        ['new', 64],
        ['last', 64],
      ]),
    )
  })

  test('keeps the digits of large integers', async () => {
    const exact: GgufValue = { type: 'u64', value: 2 ** 40 }
    const bytes = Buffer.concat([preamble(0, 2), pair('a', exact), text('b'), u32(10), u64(2n ** 63n)])
    const result = await read(bytes)
    expect(result.kind === 'header' && [...result.header.scalars]).toEqual([
      ['a', 2 ** 40],
      ['b', 2n ** 63n],
    ])
  })

  test('leaves out a text that is too long to keep, and goes on behind it', async () => {
    const long: GgufValue = { type: 'string', value: 'x'.repeat(3 * 1024 * 1024) }
    const result = await read(ggufFile([['licence', long], ARCHITECTURE], []))
    expect(result.kind === 'header' && [...result.header.scalars]).toEqual([['general.architecture', 'llama']])
  })

  test('is read across the border of a window, whatever stands there', async () => {
    for (let shift = 0; shift < 24; shift += 1) {
      const filler = Array.from({ length: 50_000 }, (_, index) => `token ${index}`)
      const tokens: GgufValue = { type: 'strings', value: ['x'.repeat(shift), ...filler] }
      const result = await read(ggufFile([['tokens', tokens], ARCHITECTURE], []))
      expect(result.kind === 'header' && result.header.architecture).toBe('llama')
    }
  })

  test('of hundreds of megabytes is not read to its end', async () => {
    const path = join(temporaryDirectory(), 'large.gguf')
    const size = writeTinyGguf(path, { padBytes: 300 * 1024 * 1024 })
    expect(size).toBeGreaterThan(300 * 1024 * 1024)
    expect((await readGguf(path)).kind).toBe('header')
  })

  test('has arrays in arrays', async () => {
    const inner = array(4, [u32(1), u32(2)]).subarray(4)
    const nested = Buffer.concat([text('deep'), u32(9), u32(9), u64(2), inner, inner])
    const result = await read(Buffer.concat([preamble(0, 2), nested, pair(...ARCHITECTURE)]))
    expect(result.kind === 'header' && result.header.architecture).toBe('llama')
  })
})

describe('a file that cannot be used', () => {
  const manyKeys = Buffer.alloc(13 * 20_000)
  test.each<[string, Buffer, RegExp]>([
    ['empty', Buffer.alloc(0), /^the file is empty$/],
    [
      'another format',
      Buffer.from('PK\u0003\u0004 and so on'),
      /^it is not a GGUF file: it begins with "PK\\u0003\\u0004"$/,
    ],
    ['shorter than its magic', Buffer.from('GG'), /^it is not a GGUF file: it begins with "GG"$/],
    ['only the magic', Buffer.from('GGUF'), /ends inside its header/],
    ['version 1', preamble(0, 0, 1), /version 1, and only 2 and 3/],
    ['big endian', Buffer.concat([Buffer.from('GGUF'), Buffer.from([0, 0, 0, 3])]), /big-endian/],
    ['more tensors than bytes', preamble(1000, 0), /claims 1000 tensors in 24 bytes/],
    ['a count of 64 bits', preamble(2n ** 64n - 1n, 0), /claims 18446744073709551615 tensors/],
    ['more keys than bytes', preamble(0, 1000), /claims 1000 metadata keys in 24 bytes/],
    ['more keys than any file has', Buffer.concat([preamble(0, 20_000), manyKeys]), /claims 20000 metadata keys/],
    ['a key without end', Buffer.concat([preamble(0, 1), u64(60_000), Buffer.alloc(64)]), /ends inside its header/],
    [
      'a key of megabytes',
      Buffer.concat([preamble(0, 1), u64(2 ** 30), Buffer.alloc(64)]),
      /a key .* claims 1073741824 bytes/,
    ],
    ['a text without end', Buffer.concat([preamble(0, 1), text('a'), u32(8), u64(2 ** 40)]), /ends inside its header/],
    ['an unknown type', Buffer.concat([preamble(0, 1), text('a'), u32(13), u64(0)]), /"a" has the unknown type 13/],
    [
      'an array of nothing known',
      Buffer.concat([preamble(0, 1), text('a'), array(77, [])]),
      /array of the unknown type 77/,
    ],
    [
      'an array without end',
      Buffer.concat([preamble(0, 1), text('a'), u32(9), u32(4), u64(10_000_000)]),
      /ends inside/,
    ],
    [
      'an array of trillions',
      Buffer.concat([preamble(0, 1), text('a'), u32(9), u32(8), u64(2 ** 40)]),
      /"a" claims 1099511627776 entries/,
    ],
    [
      'a tensor with 2^31 dimensions',
      Buffer.concat([preamble(1, 0), text('t'), u32(2 ** 31), Buffer.alloc(32)]),
      /claims 2147483648 dimensions/,
    ],
    ['a tensor with a long name', Buffer.concat([preamble(1, 0), text('t'.repeat(65))]), /name claims 65 bytes/],
  ])('%s', async (_name, bytes, why) => {
    expect(await whyWrong(bytes)).toMatch(why)
  })

  test('arrays in arrays without end', async () => {
    const level = Buffer.concat([u32(9), u64(1)])
    const bytes = Buffer.concat([preamble(0, 1), text('a'), u32(9), ...Array.from({ length: 100 }, () => level)])
    expect(await whyWrong(bytes)).toMatch(/array of the unknown type 9/)
  })

  test('cut off within its tensors: both sizes are told', async () => {
    const path = join(temporaryDirectory(), 'cut.gguf')
    const size = writeTinyGguf(path)
    truncateSync(path, size - 4096)
    expect(await readGguf(path)).toEqual({
      kind: 'wrong',
      why: `it is cut off: its tensors need ${size} bytes and the file has ${size - 4096}`,
    })
  })

  test('cut off anywhere: never taken as good', async () => {
    const whole = tinyGguf()
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - ALIGNMENT }), async (length) => {
        expect(await whyWrong(whole.subarray(0, length))).not.toBe('it was taken as good')
      }),
      { numRuns: 50 },
    )
  })

  test('with any byte of its header changed: an answer, never an exception', async () => {
    const whole = tinyGguf()
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 8000 }), fc.integer({ min: 0, max: 255 }), async (at, value) => {
        const bytes = Buffer.from(whole)
        bytes[at] = value
        expect(['header', 'wrong']).toContain((await read(bytes)).kind)
      }),
      { numRuns: 200 },
    )
  })
})

test('what is not there is the error of the file system', async () => {
  await expect(readGguf(join(temporaryDirectory(), 'none.gguf'))).rejects.toMatchObject({ code: 'ENOENT' })
})
