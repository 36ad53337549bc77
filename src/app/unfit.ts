import { variantsOf } from '../core/index.ts'
import type { Manifest } from '../core/index.ts'
import type { Adapters } from '../engine/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { refusalOf, type Programs } from './programs.ts'

/** The same engines, each of which hears what its program knows before a model claims memory for it. */
export function withAdmission(adapters: Adapters, programs: Programs): Adapters {
  return adapters.map((adapter) =>
    adapter.probe === undefined
      ? adapter
      : { ...adapter, admit: (model, program) => programs.admit(adapter, model, program) },
  )
}

/** Says which ways to run a model are refused when they are loaded: their program had not said so when it was read. */
export async function tellOfUnfit(manifest: Manifest, programs: Programs, log: Logger): Promise<void> {
  const known = await programs.look(manifest, 'long')
  for (const model of manifest.models.values()) {
    for (const [index, way] of variantsOf(model).entries()) {
      const program = known.get(way.engine)
      const refusal = program && refusalOf(program, way)
      if (!refusal) continue
      const { code, message } = refusal
      const what = index === 0 ? `The model "${model.name}"` : `Variant ${index} of the model "${model.name}"`
      log.warn({ model: model.name, code }, `${what} cannot be loaded: ${message}`)
    }
  }
}
