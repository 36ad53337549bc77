import { describe, expect, test } from 'vitest'
import { isScalar, parseDocument, visit } from 'yaml'
import { renderProblems } from '../../../src/manifest/index.ts'
import { fixture, ON_GPU, parse } from './helpers.ts'

const SECRET = 'hunter2'
/** What a secret may look like to the one key or the other. */
const VALUES = [
  SECRET,
  `--host=${SECRET}`,
  `--${SECRET}`,
  `/srv/${SECRET}.gguf`,
  `file:~${SECRET}`,
  `hf:org/${SECRET}`,
  `https://${SECRET}`,
  `${SECRET}.example.com:80`,
  `{prot} ${SECRET}`,
  `-${SECRET} x`,
  `GPU-${SECRET}`,
  `${SECRET}\0`,
]

/** The text with one of its values, each in turn, given by a variable. */
function varied(text: string): readonly string[] {
  const places: (readonly [number, number])[] = []
  visit(parseDocument(text), {
    Scalar(key, node) {
      const [start, end] = node.range ?? [0, 0]
      if (key !== 'key' && isScalar(node) && end > start) places.push([start, end])
    },
  })
  return places.map(([start, end]) => `${text.slice(0, start)}"\${SECRET}"${text.slice(end)}`)
}

describe.each(['full.yaml', 'minimal.yaml', 'anchors.yaml'])('in the place of each value of %s', (name) => {
  const texts = varied(fixture(name))

  test.each(VALUES)('%j of a variable is in no problem', (value) => {
    let problems = 0
    for (const text of texts) {
      const result = parse(text, ON_GPU, { environment: { SECRET: value } })
      if (result.kind === 'manifest') continue
      problems += result.problems.length
      expect(JSON.stringify(result.problems), text).not.toContain(SECRET)
      expect(renderProblems(result, { color: false })).not.toContain(SECRET)
    }
    expect(problems).toBeGreaterThan(0)
  })
})
