import type { ModelFault, ModelSpec } from '../../src/core/index.ts'
import { argumentOf } from '../../src/engine/shares.ts'

/** Cache types that are not quantised. */
const WHOLE: ReadonlySet<string> = new Set(['f32', 'f16', 'bf16'])

/**
 * Values of the cache are unpacked by flash attention alone: without it the engine ends while it starts ("V cache
 * quantization requires flash_attn"). Keys may be of any type.
 */
export function validate(model: ModelSpec): readonly ModelFault[] {
  const [flash] = written(model, 'flash-attn', 'fa')
  const [values] = written(model, 'cache-type-v', 'ctv')
  if (flash?.value !== 'off' || values === undefined || WHOLE.has(values.value)) return []
  const why = `\`${values.flag}: ${values.value}\` needs flash attention, which \`${flash.flag}: "off"\` turns off.`
  return [{ name: nameOf(model, values.flag), why, next: `Remove one of the two, or write \`${values.flag}: f16\`.` }]
}

function written(model: ModelSpec, ...flags: readonly string[]) {
  return flags.flatMap((flag) => {
    const value = argumentOf(model, flag)
    return value === undefined ? [] : [{ flag, value }]
  })
}

/** As `args` spells it. */
function nameOf({ args }: ModelSpec, flag: string): string | null {
  return args.find(([name]) => name.replace(/^-+/, '').replaceAll('_', '-') === flag)?.[0] ?? null
}
