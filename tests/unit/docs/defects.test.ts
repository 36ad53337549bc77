import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { ROOT } from './pages.ts'

/** Defects that supervisors of engines are known for. The tests that hold them off begin with the id. */
const DEFECTS = {
  LS1: 'an unload holds up every other model until it is over',
  LS3: 'the late result of an earlier load fails who waits for the next one',
  LS4: 'a model that was unloaded while others left for it is loaded all the same',
  LS5: 'a stream whose engine died ends as if it were whole',
  LS6: 'a ttl takes a model down under a request that was just let in',
  LS7: 'an engine that takes connections and never answers is waited for without end',
  LS8: 'whoever answers at the address is taken for the engine',
  LS11: 'a short ttl ends a model before its first request has reached it',
  LS12: 'what read the logs of earlier engines is never let go',
  LS13: 'engines live on when the daemon was killed, and nobody finds them',
  LS14: 'an entry that does not fit the books ends the daemon',
  LS15: 'a model that cannot start is started anew for every request',
}

const IDS = idsOfTests()

it.each(Object.entries(DEFECTS))('%s: %s', (id) => {
  expect(IDS).toContain(id)
})

function idsOfTests(): readonly string[] {
  const names = readdirSync(join(ROOT, 'tests'), { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => name.endsWith('.test.ts') && !name.endsWith('docs/defects.test.ts'))
  const texts = files.map((name) => readFileSync(join(ROOT, 'tests', name), 'utf8'))
  return texts.flatMap((text) => [...text.matchAll(/['`](LS\d+): /g)].map(([, id = '']) => id))
}
