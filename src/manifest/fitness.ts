import { variantsOf } from '../core/index.ts'
import type { Knowledge } from './context.ts'
import type { ReadModel } from './model.ts'
import type { Report } from './problems.ts'

/** Reports a program that does not know flags by which its engine is started: once, at the first model that asks for it. */
export function checkPrograms(models: readonly ReadModel[], { programs }: Knowledge, report: Report): void {
  for (const [engine, { path: program, version, unknownIn }] of programs ?? []) {
    const asking = models.map(({ spec, context }) => {
      const ways = variantsOf(spec).filter((way) => way.engine === engine)
      return { spec, context, flags: ways.flatMap((way) => unknownIn(way).own) }
    })
    const first = asking.find(({ flags }) => flags.length > 0)
    if (first === undefined) continue
    const { spec, context } = first
    const placed = context.settings.placed(spec.engine === engine ? 'engine' : 'variants')
    const flags = [...new Set(asking.flatMap((each) => each.flags))]
    const span = placed?.entry.node.span ?? context.span
    report('engine_program_unfit', { engine, version, program, flags }, span, placed?.path ?? context.path)
  }
}
