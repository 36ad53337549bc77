import { describe, expect, test } from 'vitest'

import type { ProcessStat } from '../../../src/process/procfs.ts'
import { proveMembers } from '../../../src/process/proof.ts'
import type { ProofFacts } from '../../../src/process/proof.ts'

const LEADER = { pid: 100, startTime: '1000' }
const DAEMON = 50

type Row = Partial<ProcessStat> & { readonly pid: number }

function process(row: Row): ProcessStat {
  return { parent: 1, session: row.pid, startTime: `${row.pid * 10}`, living: true, ...row }
}

function prove(rows: readonly Row[], facts: Partial<ProofFacts> = {}) {
  const processes = new Map(rows.map((row) => [row.pid, process(row)]))
  const proof = proveMembers({
    processes,
    leader: LEADER,
    self: DAEMON,
    withNonce: new Set(),
    seen: new Map(),
    stillThere: (ref) => processes.get(ref.pid)?.startTime === ref.startTime,
    ...facts,
  })
  return { proven: proof.proven.map(({ pid }) => pid).toSorted((a, b) => a - b), unproven: proof.unproven }
}

const leader = { pid: 100, parent: DAEMON }
const zombieLeader = { ...leader, living: false }

describe('a living leader', () => {
  test.each<[string, readonly Row[], readonly number[]]>([
    ['alone', [leader], [100]],
    ['proves its session', [leader, { pid: 101, session: 100 }], [100, 101]],
    ['proves its child in a session of its own', [leader, { pid: 101, parent: 100 }], [100, 101]],
    [
      'proves by descent over any depth, in any order of the table',
      [{ pid: 103, parent: 102 }, { pid: 102, parent: 101 }, leader, { pid: 101, parent: 100 }],
      [100, 101, 102, 103],
    ],
    [
      'proves the session of a proven session leader',
      [leader, { pid: 101, parent: 100 }, { pid: 102, session: 101 }],
      [100, 101, 102],
    ],
    ['does not count its dead children', [leader, { pid: 101, parent: 100, living: false }], [100]],
    ['never proves the daemon', [leader, { pid: DAEMON, session: 100, parent: 100 }], [100]],
    ['proves no stranger', [leader, { pid: 101 }, { pid: 102, session: 7 }], [100]],
  ])('%s', (_name, rows, proven) => {
    expect(prove(rows)).toEqual({ proven, unproven: 0 })
  })
})

describe('a leader that is dead', () => {
  const member = { pid: 101, session: 100 }

  test('but not waited for still holds its session number', () => {
    expect(prove([zombieLeader, member])).toEqual({ proven: [101], unproven: 0 })
  })
  test('and gone proves nobody', () => {
    expect(prove([member])).toEqual({ proven: [], unproven: 1 })
  })
  test('and gone: nonce proves, and then descent', () => {
    const rows = [member, { pid: 102, parent: 101 }, { pid: 103, session: 100 }]
    expect(prove(rows, { withNonce: new Set([101]) })).toEqual({ proven: [101, 102], unproven: 1 })
  })
  test('and gone: who was seen before is proven', () => {
    expect(prove([member], { seen: new Map([[101, '1010']]) })).toEqual({ proven: [101], unproven: 0 })
  })
  test('and gone: the pid of one that was seen, started at another time, is a stranger', () => {
    expect(prove([member], { seen: new Map([[101, '7']]) })).toEqual({ proven: [], unproven: 1 })
  })
  test('and its pid given to another: neither that one nor its session is related', () => {
    expect(prove([{ pid: 100, startTime: '99999' }, member])).toEqual({ proven: [], unproven: 0 })
  })
})

test('without a leader only the nonce proves', () => {
  const rows = [{ pid: 101 }, { pid: 102, parent: 101 }, { pid: 103 }]
  expect(prove(rows, { leader: null, withNonce: new Set([101]) })).toEqual({ proven: [101, 102], unproven: 0 })
})

test('an anchor that went while the table was read proves nobody', () => {
  const rows = [leader, { pid: 101, parent: 100 }]
  expect(prove(rows, { stillThere: () => false })).toEqual({ proven: [100], unproven: 0 })
})
