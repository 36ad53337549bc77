import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { renderProblems } from '../../../src/manifest/index.ts'
import { parseBad, parseGood } from '../manifest/helpers.ts'
import { blocks, page, ROOT } from './pages.ts'

const GUIDE = page('docs/guide/getting-started.md')

/** The manifest that a reader has after the second model, with `writer` as given. */
function edited(writer: (block: string) => string): string {
  const [memory = '', second = ''] = blocks(GUIDE, 'yaml')
  const quickstart = readFileSync(join(ROOT, 'configs/quickstart.yaml'), 'utf8')
  const shared = quickstart
    .replace('version: 1\n', `version: 1\n\n${memory}`)
    .replace('source:\n', 'source: &weights\n')
  return `${shared}\n${writer(second)}`
}

describe('the second model of the guide', () => {
  it('stands beside the first where the reader puts it', () => {
    const manifest = parseGood(edited((block) => block))
    expect([...manifest.models.keys()]).toEqual(['smollm2', 'writer'])
    expect(manifest.memory.host).toEqual({ bytes: 700 * 1024 ** 2 })
    expect(manifest.models.get('writer')?.source).toEqual(manifest.models.get('smollm2')?.source)
  })

  it('is refused with the words that the guide shows, where a key is misspelt', () => {
    const bad = parseBad(edited((block) => block.replace('context', 'contxt')))
    const shown = renderProblems(bad, { color: false }).replace('/etc/test/', '')
    expect(blocks(GUIDE, 'text')[0]).toBe(shown)
  })
})
