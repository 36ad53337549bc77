import type { ManifestDiff } from '../core/index.ts'
import { sentenceOf } from '../core/index.ts'
import { type ManifestRead, planOf, problemShape, type Setting } from '../manifest/index.ts'
import type { Foresight } from './ports.ts'
import type { ForesightShape, ManifestPlanShape } from './shapes.ts'

export interface PlanParts {
  /** The file that is compared; null for none. */
  readonly manifest: string | null
  readonly diff: ManifestDiff
  /** Settings of what it is compared with. */
  readonly before: readonly Setting[]
  readonly next: ManifestRead
  readonly foresight: readonly Foresight[]
  readonly leaving: readonly string[]
}

/** What another manifest would change, and what can be said of the models that it has. */
export function showPlan({ manifest, diff, before, next, foresight, leaving }: PlanParts): ManifestPlanShape {
  const { models, settings } = planOf(diff, before, next.settings())
  const byModel = new Map(foresight.map((each) => [each.model, each]))
  const shown = models.map((model) => ({ ...model, ...showForesight(byModel.get(model.model)) }))
  return { manifest, models: shown, settings, leaving, warnings: next.warnings.problems.map(problemShape) }
}

/** What can be said of a model before anybody asks for it; undefined for one that is not in the manifest any more. */
function showForesight(foresight: Foresight | undefined): ForesightShape {
  const { need = null, fit = null, sources = [] } = foresight ?? {}
  const failed = sources.find((look) => look.kind === 'failed')
  const isLost = sources.length > 0 && sources.every((look) => look.kind === 'failed')
  return {
    weights:
      sources.length === 0
        ? null
        : isLost
          ? 'failed'
          : sources.some((look) => look.kind === 'present')
            ? 'present'
            : 'absent',
    weights_problem: failed?.kind === 'failed' ? sentenceOf(failed.code, failed.facts) : null,
    need: need && { per_gpu: need.perGpu, host: need.host, origin: need.origin },
    fits: fit && fit.fits,
    lacks: fit?.fits === false ? { device: fit.device, needed: fit.needed, largest: fit.largest } : null,
  }
}
