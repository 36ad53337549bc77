import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { blocks, page, PAGES, ROOT } from './pages.ts'
import { ROOMS } from './rooms.ts'

/** In the picture the two below all others are left out, and so is who may import everything. */
const LEFT_OUT = ['core', 'lib']

it('the picture of the rooms has the arrows of the architecture test, and no other', () => {
  const [picture = ''] = blocks(page('ARCHITECTURE.md'), 'mermaid')
  const drawn: Record<string, readonly string[]> = {}
  for (const [, from = '', to = ''] of picture.matchAll(/^ *(\w+)(?:\[[^\]]*\])? --> (.*)$/gm)) {
    expect(drawn).not.toHaveProperty(from)
    drawn[from] = to
      .replace(/\[.*\]/, '')
      .split(' & ')
      .toSorted()
  }
  const wanted = Object.entries(ROOMS)
    .map(([room, allowed]) => [room, allowed.filter((name) => !LEFT_OUT.includes(name))] as const)
    .filter(([, allowed]) => allowed.length > 0)
    .map(([room, allowed]) => [room, allowed.includes('*') ? ['everything'] : allowed] as const)
  expect(drawn).toEqual(Object.fromEntries(wanted))
})

it('the picture of an instance has every phase, and no other', () => {
  const picture = blocks(page('ARCHITECTURE.md'), 'mermaid').find((text) => text.startsWith('stateDiagram')) ?? ''
  const drawn = [...picture.matchAll(/^ *(\S+) --> ([^\s:]+)/gm)].flatMap(([, from = '', to = '']) => [from, to])
  const type = /^export type Phase = (.*)$/m.exec(readFileSync(join(ROOT, 'src/core/phases.ts'), 'utf8'))?.[1] ?? ''
  const phases = [...type.matchAll(/'(\w+)'/g)].map(([, phase]) => phase)
  expect([...new Set(drawn)].filter((state) => state !== '[*]').toSorted()).toEqual(phases.toSorted())
  expect(phases.length).toBeGreaterThan(5)
})

it('issue templates name the rooms, and no other', () => {
  const templates = PAGES.filter(({ path }) => path.startsWith('.github/ISSUE_TEMPLATE/'))
  expect(templates.length).toBeGreaterThan(1)
  for (const { path, text } of templates) {
    const named = (/If you know: ([^;]*);/.exec(text)?.[1] ?? '').split(/,\s+/)
    const rooms = Object.keys(ROOMS).filter((room) => room !== 'app' && room !== 'main')
    expect(named.map((room) => room.replace('/*', '')).toSorted(), path).toEqual(rooms.toSorted())
  }
})
