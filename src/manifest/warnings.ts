import { launchKey, variantsOf } from '../core/index.ts'
import type { Manifest, ModelSpec } from '../core/index.ts'
import { keyOf } from './context.ts'
import type { ModelContext } from './context.ts'
import type { ReadModel } from './model.ts'
import { withheld } from './node.ts'
import type { TreeNode } from './node.ts'
import { dotted } from './path.ts'
import type { Report } from './problems.ts'
import { isSecretName } from './secrets.ts'

/** What is right, and probably not meant: said, and used as it is. */
export function warnOf({ spec, context }: ReadModel, engines: Manifest['engines'], warn: Report): void {
  warnOfTtl(spec, context, engines, warn)
  warnOfVariants(spec, context, warn)
  warnOfOffload(spec, context, warn)
  warnOfSecrets(context, warn)
}

/** A ttl of nothing is meant as it says. */
function warnOfTtl(spec: ModelSpec, context: ModelContext, engines: Manifest['engines'], warn: Report): void {
  const { ttl, name: model } = spec
  const load = context.knowledge.learnedLoad?.(launchKey(spec, engines)) ?? null
  if (ttl === null || ttl === 0 || load === null || ttl >= load) return
  const span = context.settings.placed('ttl')?.entry.node.span ?? context.span
  warn('manifest_ttl_under_load', { model, ttl, load }, span, [...context.path, 'ttl'])
}

/** A declared claim holds for a variant that says none; on the same GPUs it then never fits where the model did not. */
function warnOfVariants(spec: ModelSpec, context: ModelContext, warn: Report): void {
  const node = context.settings.placed('variants')?.entry.node
  if (node?.kind !== 'list' || !context.settings.placed('memory')) return
  for (const [index, item] of node.items.entries()) {
    if (item.kind !== 'mapping' || item.entries.has('memory') || item.entries.has('gpus')) continue
    const path = [...context.path, 'variants', index]
    const facts = { variant: dotted(path), memory: keyOf('memory', context) }
    warn('manifest_variant_claims_alike', facts, item.span, path)
  }
}

/** What `offload` leaves on the host is claimed by an estimate, and by a declared claim only where that says so. */
function warnOfOffload(spec: ModelSpec, context: ModelContext, warn: Report): void {
  const { settings } = context
  for (const [way, { gpus, memory, offload }] of variantsOf(spec).entries()) {
    const isSplit = offload.layers !== 'all' || (offload.experts !== 'gpu' && offload.experts !== 0)
    if (!isSplit || gpus.kind === 'none' || memory === null || memory.host > 0) continue
    const path = way === 0 ? context.path : [...context.path, 'variants', way - 1]
    const placed = settings.placed('memory')
    const written = way === 0 ? placed?.entry.node : itemOf(settings.placed('variants')?.entry.node, way - 1)
    const own = way > 0 && written?.kind === 'mapping' && written.entries.has('memory')
    const facts = { way: dotted(path), memory: own ? dotted([...path, 'memory']) : keyOf('memory', context) }
    return warn('manifest_offload_unclaimed', facts, written?.span ?? context.span, [...path, 'memory'])
  }
}

function itemOf(node: TreeNode | undefined, index: number): TreeNode | undefined {
  return node?.kind === 'list' ? node.items[index] : undefined
}

/** Values of `env` and `args` whose names say that they are secret, and that no variable stands for. */
function warnOfSecrets({ settings }: ModelContext, warn: Report): void {
  for (const { entry, path } of [...settings.layers('env'), ...settings.layers('args')]) {
    if (entry.node.kind !== 'mapping') continue
    for (const [name, { node }] of entry.node.entries) {
      const here = [...path, name]
      if (isSecretName(name) && isInClear(node)) {
        warn('manifest_secret_in_clear', { key: dotted(here) }, node.span, here)
      }
    }
  }
}

function isInClear(node: TreeNode): boolean {
  if (node.kind !== 'scalar' || withheld(node) !== undefined) return false
  return node.written !== '' && (typeof node.value === 'string' || typeof node.value === 'number')
}
