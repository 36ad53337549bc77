/**
 * Faults put into a copy of the program, one at a time: the simulation has to find each within its seeds. `find` must
 * occur exactly once, so that a bug which no longer fits the code fails loudly instead of testing nothing.
 */
export interface PlantedBug {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
  /** The invariants, one of which must be named as broken. */
  readonly breaks: readonly string[]
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a wake that came too soon counts as still to come',
    file: 'src/scheduler/step.ts',
    find: "endTurn(input.kind === 'woke' ? null : state.wakeAt, turn)",
    replace: 'endTurn(state.wakeAt, turn)',
    breaks: ['R9', 'M7'],
  },
  {
    name: 'the last byte is not noted when a lease ends',
    file: 'src/supervisor/leases.ts',
    find: '    lastByteAt = clock.now()\n',
    replace: '',
    breaks: ['R9'],
  },
  {
    name: 'an instance that was granted in this turn counts as idle',
    file: 'src/scheduler/turn.ts',
    find: '  if (turn.granted.has(instance.id)) return false\n',
    replace: '',
    // It is closed in the turn in which its requests are answered, and they wait in a line that nobody serves.
    breaks: ['R1', 'R10', 'R9', 'BUG'],
  },
  {
    name: 'a loading engine is not claimed for',
    file: 'src/scheduler/ledger.ts',
    find: '    claimed += bytes\n',
    replace: "    if (instance.phase !== 'starting') claimed += bytes\n",
    breaks: ['G1', 'G2'],
  },
  {
    name: 'a crashed instance is forgotten before its processes are swept',
    file: 'src/scheduler/failures.ts',
    find: "  updateInstance(turn, id, { phase: 'failed', reason, leavingSince: turn.at, because })\n",
    replace: '  turn.instances.delete(id)\n',
    breaks: ['P4', 'G1'],
  },
  {
    name: 'the engine is spawned before its launch record is on disk',
    file: 'src/engine/instance.ts',
    find: '    await writeRecord(plan)\n    if (stopRequested.settled) return null\n',
    replace: '    void writeRecord(plan)\n    if (stopRequested.settled) return null\n',
    breaks: ['S4'],
  },
  {
    name: 'the grace between TERM and KILL is not waited for',
    file: 'src/engine/ladder.ts',
    find: 'const graceOver = now - askedAt >= stop.grace',
    replace: 'const graceOver = now - askedAt >= 0',
    breaks: ['P6'],
  },
  {
    name: 'the start limit does not hold',
    file: 'src/scheduler/failures.ts',
    find: 'failures.length >= model.spec.start.attempts',
    replace: 'failures.length >= 2 * model.spec.start.attempts',
    breaks: ['P7'],
  },
  {
    name: 'leftovers of an earlier daemon are forgotten instead of stopped',
    file: 'src/supervisor/supervisor.ts',
    find: 'of await resolveLeftovers(world, environmentOf))',
    replace: 'of (await world.records.readLaunches().then(() => [] as Awaited<ReturnType<typeof resolveLeftovers>>)))',
    breaks: ['P2', 'P1'],
  },
  {
    name: 'requests in line for a slot are dropped when their instance goes',
    file: 'src/supervisor/instances.ts',
    find: '    parts.requeue(book.close())\n',
    replace: '    book.close()\n',
    breaks: ['R1', 'R10'],
  },
  {
    name: 'a busy resident may be evicted at once',
    file: 'src/scheduler/placement.ts',
    find: "  if (!isIdle(turn, instance)) return { rule: 'busy', until: null }\n",
    replace: '',
    breaks: ['R9', 'BUG'],
  },
  {
    name: 'the scheduler wakes at the last instant that is due instead of the first',
    file: 'src/scheduler/step.ts',
    find: 'Math.min(...turn.due)',
    replace: 'Math.max(...turn.due)',
    breaks: ['R9', 'R1', 'P6'],
  },
  {
    name: 'only the leader is swept',
    file: 'src/engine/ladder.ts',
    find: 'if (proven.length === 0 || over)',
    replace: 'if (!proven.some((member) => member.pid === identity.leader?.pid) || over)',
    breaks: ['P1'],
  },
  {
    name: 'an edit takes down whatever it names',
    file: 'src/scheduler/reload.ts',
    find: 'if (model?.variants.some((variant) => variant.key === instance.key)) continue',
    replace: 'if (model?.variants[0]?.key === instance.key) continue',
    breaks: ['M1'],
  },
  {
    name: 'an edit leaves what it changed running',
    file: 'src/scheduler/reload.ts',
    find: '  stopOutdated(turn, cause)\n',
    replace: '',
    breaks: ['M2'],
  },
  {
    name: 'whoever waited for a model that an edit removed is forgotten',
    file: 'src/scheduler/reload.ts',
    find: '    if (turn.models.has(name)) continue\n',
    replace: '    continue\n',
    breaks: ['M6'],
  },
  {
    name: 'a fallback is not disclosed',
    file: 'src/supervisor/leases.ts',
    find: 'fallbackFrom: model === offer.model ? null : model',
    replace: 'fallbackFrom: null',
    breaks: ['F1'],
  },
  {
    name: 'an instance that was granted in this turn may be taken for a starving load',
    file: 'src/scheduler/placement.ts',
    find: "(starved && rule === 'busy' && !turn.granted.has(candidate.instance.id))",
    replace: "(starved && rule === 'busy')",
    breaks: ['BUG'],
  },
  {
    name: 'an engine that fell sick is asked once and never again',
    file: 'src/engine/liveness.ts',
    find: '    failures = counts ? failures + 1 : 0\n',
    replace: '    failures = counts ? 1 : 0\n',
    breaks: ['P8'],
  },
]
