import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Roster } from '../../../src/gateway/roster.ts'

test('it holds whom a set would hold, whatever the order of coming and going', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(9))), (steps) => {
      const members = Array.from({ length: 10 }, () => ({ seat: -1 }))
      const roster = new Roster<{ seat: number }>()
      const expected = new Set<{ seat: number }>()
      for (const [comes, index] of steps) {
        const member = members[index]
        if (member === undefined) continue
        if (comes && !expected.has(member)) {
          roster.add(member)
          expected.add(member)
        } else if (!comes) {
          expect(roster.delete(member)).toBe(expected.delete(member))
        }
        expect(new Set(roster.all())).toEqual(expected)
        expect(roster.size).toBe(expected.size)
      }
    }),
  )
})
