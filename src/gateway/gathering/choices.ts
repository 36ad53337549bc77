import { createMeasure, isMembers, members } from './gathering.ts'
import type { Gatherer, Members } from './gathering.ts'

/** What an object in an answer counts for beside its text. */
const OBJECT = 64
/** Of a delta that are said once; all other text grows. */
const SAID_ONCE: ReadonlySet<string> = new Set(['role', 'id', 'type', 'name'])

interface Choice {
  readonly members: Members
  /** Null where the choice is text by itself. */
  message: Members | null
  readonly calls: Map<number, Members>
}

/**
 * Of chat and completions. What stands beside the choices is that of the first one, as engines have it; members that
 * nobody here knows are kept.
 */
export function gatherChoices(): Gatherer {
  const beside = members()
  const choices = new Map<number, Choice>()
  const count = createMeasure()
  /** Whose choice came last: an event without one belongs to the same. */
  let last = 0

  return {
    event({ choices: more, ...rest }) {
      if (Array.isArray(more)) for (const choice of more) if (isMembers(choice)) choose(choice)
      if (last > 0) return null
      Object.assign(beside, rest)
      if (typeof rest['object'] === 'string') beside['object'] = rest['object'].replace(/\.chunk$/, '')
      return null
    },
    done() {
      const sorted = [...choices].toSorted(([one], [other]) => one - other).map(([, choice]) => whole(choice))
      return JSON.stringify({ choices: sorted, ...beside })
    },
  }

  function choose({ index: given, delta, ...rest }: Members): void {
    const index = typeof given === 'number' ? given : 0
    last = index
    const choice = choices.get(index) ?? newChoice(index)
    for (const [name, value] of Object.entries(rest)) {
      if (name === 'text') grow(choice.members, name, value)
      else set(choice.members, name, value)
    }
    if (!isMembers(delta)) return
    const { tool_calls: calls, ...said } = delta
    choice.message ??= members()
    merge(choice.message, said)
    if (Array.isArray(calls)) for (const each of calls) if (isMembers(each)) call(choice.calls, each)
  }

  function newChoice(index: number): Choice {
    count(OBJECT)
    const choice: Choice = { members: Object.assign(members(), { index }), message: null, calls: new Map() }
    choices.set(index, choice)
    return choice
  }

  function call(calls: Map<number, Members>, { index: given, ...said }: Members): void {
    const index = typeof given === 'number' ? given : 0
    let known = calls.get(index)
    if (known === undefined) {
      count(OBJECT)
      calls.set(index, (known = members()))
    }
    merge(known, said)
  }

  function merge(into: Members, said: Members): void {
    for (const [name, value] of Object.entries(said)) {
      const before = into[name]
      if (typeof value === 'string' && !SAID_ONCE.has(name)) grow(into, name, value)
      else if (isMembers(value)) merge(isMembers(before) ? before : (into[name] = members()), value)
      else set(into, name, value)
    }
  }

  function grow(into: Members, name: string, value: unknown): void {
    const text = typeof value === 'string' ? value : ''
    const before = into[name]
    count(text.length)
    into[name] = typeof before === 'string' ? before + text : text
  }
}

/** A message without text is said to be empty, where its pieces say `null`. */
function whole({ members: own, message, calls }: Choice): Members {
  if (message === null) return own
  const said = { ...message, content: message['content'] ?? '' }
  if (calls.size === 0) return { ...own, message: said }
  const sorted = [...calls].toSorted(([one], [other]) => one - other)
  return { ...own, message: { ...said, tool_calls: sorted.map(([, call]) => call) } }
}

function set(into: Members, name: string, value: unknown): void {
  if (value !== null || !(name in into)) into[name] = value
}
