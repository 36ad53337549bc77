import { describe, expect, test } from 'vitest'

import { tcpListeners, unixListeners } from '../../../src/process/socket-owner.ts'

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 651 1 0000000037fd328a 100 0 0 10 0
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 700 1 0000000037fd328b 100 0 0 10 0
   2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 701 1 0000000037fd328c 20 4 30 10 -1
   3: 0200000A:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 702 1 0000000037fd328d 100 0 0 10 0
`
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 800 1 0000000037fd328e 100 0 0 10 0
   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 801 1 0000000037fd328f 100 0 0 10 0
   2: 0000000000000000FFFF00000100007F:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 802 1 0000000037fd3290 100 0 0 10 0
`
const UNIX = `Num       RefCount Protocol Flags    Type St Inode Path
000000004d18e1dc: 00000003 00000000 00000000 0001 03   648
0000000000000001: 00000002 00000000 00010000 0001 01  9001 /state/run/a/engine.sock
0000000000000002: 00000003 00000000 00000000 0001 03  9002 /state/run/a/engine.sock
0000000000000003: 00000002 00000000 00010000 0001 01  9003 /state/run/with blank/engine.sock
`

describe('who takes a connection to 127.0.0.1', () => {
  test.each([
    ['a listener on every address', TCP, 2024, ['651']],
    ['a listener on loopback; not connections, not other addresses', TCP, 8080, ['700']],
    ['nobody', TCP, 8081, []],
    ['IPv6: every address, not ::1', TCP6, 8080, ['800']],
    ['IPv6: loopback of IPv4', TCP6, 8081, ['802']],
    ['no table', '', 8080, []],
  ])('%s', (_name, text, port, inodes) => {
    expect(tcpListeners(text, port)).toEqual(inodes)
  })
})

describe('who listens at a path', () => {
  test.each([
    ['/state/run/a/engine.sock', ['9001']],
    ['/state/run/with blank/engine.sock', ['9003']],
    ['/state/run', []],
  ])('%s', (path, inodes) => {
    expect(unixListeners(UNIX, path)).toEqual(inodes)
  })
})
