import { nearest } from '../lib/nearest.ts'
import { conflict, keyOf, requireKey } from './context.ts'
import type { ModelContext } from './context.ts'
import { describe } from './issues.ts'
import { nodeAt } from './node.ts'
import type { Placed } from './node.ts'
import { dotted } from './path.ts'

/** What a `command` may ask for (INTERFACE 1). */
const MACROS: readonly string[] = [
  'port',
  'socket',
  'model_path',
  'gpu_uuids',
  'gpu_indices',
  'api_key',
  'instance_dir',
]

/** What holds for a model of the engine `command`: it has an argv, and every macro in it stands for something. */
export function checkCommand(context: ModelContext): void {
  requireKey('command', 'the engine command runs what it lists', context)
  const argv = context.settings.value('command') ?? []
  const placed = context.settings.placed('command')
  if (placed) checkSpelling(argv, placed, context)
  const key = keyOf('command', context)
  if (uses('port', argv) && uses('socket', argv)) {
    const why = `${key} has {port} and {socket}, and an engine listens in one place.`
    conflict('command', why, 'Keep one of the two.', context)
  } else if (uses('model_path', argv) && !context.settings.placed('source')) {
    const why = `${key} has {model_path}, and the model has no source.`
    conflict('command', why, 'Add `source`, or remove {model_path}.', context)
  }
  checkStop(uses('socket', argv), context)
}

function uses(macro: string, argv: readonly string[]): boolean {
  return argv.some((part) => part.includes(`{${macro}}`))
}

/** The stop command speaks to the engine where it listens. */
function checkStop(onSocket: boolean, context: ModelContext): void {
  const placed = context.settings.layers('stop').flatMap(commandIn).at(-1)
  if (placed?.entry.node.kind !== 'list') return
  const argv = placed.entry.node.items.map((item) => (item.kind === 'scalar' ? item.written : ''))
  checkSpelling(argv, placed, context)
  const [listens, elsewhere] = onSocket ? ['socket', 'port'] : ['port', 'socket']
  const key = `${keyOf('stop', context)}.command`
  if (uses(elsewhere, argv)) {
    const why = `${key} has {${elsewhere}}, and the engine listens on its ${listens}.`
    conflict('stop', why, `Use {${listens}}.`, context)
  } else if (uses('model_path', argv) && !context.settings.placed('source')) {
    const why = `${key} has {model_path}, and the model has no source.`
    conflict('stop', why, 'Add `source`, or remove {model_path}.', context)
  }
}

function commandIn({ entry: { node }, path }: Placed): readonly Placed[] {
  const entry = node.kind === 'mapping' ? node.entries.get('command') : undefined
  return entry ? [{ entry, path: [...path, 'command'] }] : []
}

/**
 * Reports macros that are nearly one of ours: `{prot}` would reach the program as it is. Other braces are the
 * program's own and stay.
 */
function checkSpelling(argv: readonly string[], placed: Placed, { report }: ModelContext): void {
  for (const [index, part] of argv.entries()) {
    for (const [, macro = ''] of part.matchAll(/(?<!\{)\{([a-z_]+)\}/g)) {
      const meant = MACROS.includes(macro) ? [] : nearest(macro, MACROS).map((name) => `{${name}}`)
      if (meant.length === 0) continue
      const here = [...placed.path, index]
      const node = nodeAt(placed.entry.node, [index])
      const facts = { key: dotted(here), expected: 'text whose macros are known', got: describe(node), nearest: meant }
      report('manifest_value', facts, node.span, here)
    }
  }
}
