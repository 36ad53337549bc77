import { EnginehouseError } from '../core/index.ts'
import type { ModelSpec } from '../core/index.ts'

/** A flag without what its spelling may vary in: leading dashes, and underscores for dashes. */
function normaliseFlag(flag: string): string {
  return flag.replace(/^-+/, '').replaceAll('_', '-')
}

/**
 * The manifest's `args` as the engine reads them. A name without dashes gets two, or one when it is a single letter; a
 * name that begins with a dash stays as written, for short flags of several letters. Throws manifest_flag_reserved,
 * also for a value that is itself a reserved flag: an engine would read `jinja: --host` as two flags.
 */
export function flagsOf(model: ModelSpec, reserved: ReadonlyMap<string, string>): string[] {
  const reasons = new Map([...reserved].map(([flag, why]) => [normaliseFlag(flag), why]))
  const refuseReserved = (text: string): void => {
    const [flag = ''] = text.split('=', 1)
    const why = flag.startsWith('-') ? reasons.get(normaliseFlag(flag)) : undefined
    if (why !== undefined)
      throw new EnginehouseError('manifest_flag_reserved', { flag: text, engine: model.engine, why })
  }
  const argv: string[] = []
  for (const [name, value] of model.args) {
    const flag = spellFlag(name)
    refuseReserved(flag)
    if (value === true) {
      argv.push(flag)
      continue
    }
    for (const text of typeof value === 'string' ? [value] : value) {
      refuseReserved(text)
      argv.push(flag, text)
    }
  }
  return argv
}

/** The flags that `args` set, as they reach the engine, each once. */
export function flagNames(model: Pick<ModelSpec, 'args'>): readonly string[] {
  return [...new Set(model.args.map(([name]) => spellFlag(name)))]
}

/** Do `args` set one of these flags, in whatever spelling? */
export function setsFlag(model: ModelSpec, ...flags: readonly string[]): boolean {
  const names = new Set(flags.map(normaliseFlag))
  return model.args.some(([name]) => names.has(normaliseFlag(name)))
}

/** A name of `args` as the engine reads it. */
export function spellFlag(name: string): string {
  if (name.startsWith('-')) return name
  return name.length === 1 ? `-${name}` : `--${name}`
}
