import type { ModelSpec } from '../core/index.ts'
import type { ModelContext } from './context.ts'
import type { Placed } from './node.ts'
import type { Path } from './path.ts'
import type { Span } from './problems.ts'

/** Reports what the engine has against a launch of this model, and flags of `args` that its program does not know. */
export function checkLaunch(spec: ModelSpec, context: ModelContext): void {
  const { knowledge, settings, report } = context
  // Of a model whose engine is wrong, or missing, that was reported.
  if (settings.value('engine') === undefined) return
  const description = knowledge.engines.find(({ name }) => name === spec.engine)
  for (const { name, why, next } of description?.validate?.(spec) ?? []) {
    const { span, path } = name === null ? placeOfEngine(context) : placeOfFlag(name, context)
    report('manifest_conflict', { why, next }, span, path)
  }
  const program = knowledge.programs?.get(spec.engine)
  if (program === undefined) return
  for (const { name, flag, nearest } of program.unknownIn(spec).args) {
    const { span, path } = placeOfFlag(name, context)
    const facts = { engine: spec.engine, version: program.version, program: program.path, flag, nearest }
    report('engine_flag_unknown', facts, span, path)
  }
}

interface Place {
  readonly span: Span
  readonly path: Path
}

/** Where the flag that holds is written. */
function placeOfFlag(name: string, context: ModelContext): Place {
  const layer = context.settings.layers('args').findLast((each) => flagIn(each, name) !== undefined)
  const entry = layer && flagIn(layer, name)
  return layer && entry ? { span: entry.key, path: [...layer.path, name] } : placeOfEngine(context)
}

function flagIn({ entry: { node } }: Placed, name: string) {
  return node.kind === 'mapping' ? node.entries.get(name) : undefined
}

function placeOfEngine({ settings, span, path }: ModelContext): Place {
  const placed = settings.placed('engine')
  return placed ? { span: placed.entry.node.span, path: placed.path } : { span, path: [...path, 'engine'] }
}
