import { parseArgs } from 'node:util'
import { writeTinyGguf } from '../tests/fixtures/tiny-gguf.ts'

/*
 * Writes the tiny model of the tests, for trials with a real engine by hand:
 *   npx tsx scripts/make-tiny-gguf.ts tiny.gguf [--name NAME] [--context TOKENS] [--pad BYTES] [--seed N]
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string' },
    context: { type: 'string' },
    pad: { type: 'string' },
    seed: { type: 'string' },
  },
})

const [path] = positionals
if (path === undefined || positionals.length > 1) {
  console.error('usage: make-tiny-gguf FILE [--name NAME] [--context TOKENS] [--pad BYTES] [--seed N]')
  process.exitCode = 2
} else {
  const size = writeTinyGguf(path, {
    ...(values.name === undefined ? {} : { name: values.name }),
    ...(values.context === undefined ? {} : { context: Number(values.context) }),
    ...(values.pad === undefined ? {} : { padBytes: Number(values.pad) }),
    ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
  })
  console.log(`${path}: ${size} bytes`)
}
