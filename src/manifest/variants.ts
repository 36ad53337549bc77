import type { EngineName, ModelSpec } from '../core/index.ts'
import { launchKey } from '../core/index.ts'
import type { Knowledge, ModelContext } from './context.ts'
import type { TreeNode } from './node.ts'
import { checkLaunch } from './launch.ts'
import { dotted } from './path.ts'
import type { Path } from './path.ts'
import type { Report, Span } from './problems.ts'
import { readSection } from './sections.ts'
import type { ModelSections } from './sections.ts'
import { settingsOf, without } from './settings.ts'
import type { Layer, ModelRead, Settings } from './settings.ts'
import { readWay } from './way.ts'

interface Found {
  readonly spec: ModelSpec
  readonly span: Span
  readonly path: Path
}

/** The engines that run a model: its own, and those of its variants. */
export function enginesOf(settings: Settings, knowledge: Knowledge): ReadonlySet<EngineName> {
  const known = new Set<unknown>(knowledge.engines.map(({ name }) => name))
  const engines = new Set<EngineName>()
  const own = settings.value('engine')
  if (own) engines.add(own)
  for (const node of variantNodes(settings)) {
    const written = node.kind === 'mapping' ? node.entries.get('engine')?.node : undefined
    if (written?.kind === 'scalar' && known.has(written.value)) engines.add(String(written.value))
  }
  return engines
}

interface VariantReading {
  /** Where relative paths start. */
  readonly directory: string
  readonly section: ModelSections['variant']
}

/**
 * The variants of a model, each as whole as the model itself. A variant that starts the same as the model or an earlier
 * one is reported, unless something else was.
 */
export function readVariants(
  model: ModelSpec,
  layers: readonly Layer[],
  context: ModelContext,
  { directory, section }: VariantReading,
): readonly ModelSpec[] {
  let wrong = false
  const report: Report = (...problem) => {
    wrong = true
    context.report(...problem)
  }
  const found: Found[] = []
  for (const [index, node] of variantNodes(context.settings).entries()) {
    const path = [...context.model, 'variants', index]
    // One that is no mapping was reported with the list.
    const own = node.kind === 'mapping' ? readSection(section, node, path, report) : undefined
    if (!own) continue
    const settings = settingsOf([...inherited(layers, model, own), { read: own, path }])
    const here = { ...context, path, span: node.span, settings, report }
    const spec = { ...model, ...readWay(here, directory, model), variants: [] }
    checkLaunch(spec, here)
    found.push({ spec, span: node.span, path })
  }
  if (!wrong) reportAlike(model, found, context)
  return found.map(({ spec }) => spec)
}

/** Flags are of one engine: a variant with another one begins with those of `defaults`. */
function inherited(layers: readonly Layer[], { engine }: ModelSpec, { values }: ModelRead): readonly Layer[] {
  if (values.engine === undefined || values.engine === engine) return layers
  return layers.map((layer, index) => (index === layers.length - 1 ? without('args', layer) : layer))
}

function reportAlike(model: ModelSpec, variants: readonly Found[], { report }: ModelContext): void {
  const seen = new Map([[launchKey(model, {}), 'the model itself']])
  for (const { spec, span, path: here } of variants) {
    const key = launchKey(spec, {})
    const alike = seen.get(key)
    if (alike === undefined) seen.set(key, dotted(here))
    else {
      const why = `${dotted(here)} is run in the same way as ${alike}.`
      report('manifest_conflict', { why, next: 'Change it, or remove it.' }, span, here)
    }
  }
}

function variantNodes({ placed }: Settings): readonly TreeNode[] {
  const node = placed('variants')?.entry.node
  return node?.kind === 'list' ? node.items : []
}
