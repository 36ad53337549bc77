import { expect, test } from 'vitest'
import { crc32c } from '../../../src/lib/crc32c.ts'

test.each([
  ['the check value', Buffer.from('123456789'), 0xe3069283],
  ['nothing', Buffer.alloc(0), 0],
  ['32 zeros (RFC 3720 B.4)', Buffer.alloc(32), 0x8a9136aa],
  ['32 ones (RFC 3720 B.4)', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['0 to 31 (RFC 3720 B.4)', Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
])('%s', (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected)
})
