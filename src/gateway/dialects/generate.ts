import { scan } from '../scan.ts'
import { invalid } from './fields.ts'
import type { Dialect } from './dialect.ts'
import { seed } from './seed.ts'
import { tgi } from './tgi.ts'

const SHAPES: ReadonlySet<string> = new Set(['prompt', 'inputs'])

/** One route, two shapes: `prompt` or `inputs` says which. */
export const generate: Dialect = {
  translate(asked) {
    const found = scan(asked.body, SHAPES)
    const given = typeof found === 'string' ? [] : [...found.values.keys()]
    if (given.length !== 1) throw invalid('prompt', 'given, or `inputs` instead of it')
    return given[0] === 'inputs' ? tgi.translate(asked) : seed.translate(asked)
  },
}
