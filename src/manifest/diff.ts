import { launchKey, variantsOf } from '../core/index.ts'
import type { Manifest, ManifestDiff, ModelChange, ModelSpec, SettingChange } from '../core/index.ts'

/** Bound or built once, when the daemon starts. */
const RESTART_KEYS: ReadonlySet<string> = new Set(['server.listen', 'server.max_body'])

/** What differs between two manifests, of whatever files. */
export function diffManifests(before: Manifest, after: Manifest): ManifestDiff {
  const names = [...after.models.keys()]
  return {
    added: names.filter((name) => !before.models.has(name)),
    removed: [...before.models.keys()].filter((name) => !after.models.has(name)),
    changed: names.flatMap((name) => modelChange(name, before, after) ?? []),
    settings: [
      ...settingChanges('server', before.server, after.server),
      ...settingChanges('memory', before.memory, after.memory),
      ...settingChanges('engines', namedPrograms(before), namedPrograms(after)),
    ],
  }
}

export function isEmptyDiff({ added, removed, changed, settings }: ManifestDiff): boolean {
  return added.length + removed.length + changed.length + settings.length === 0
}

function modelChange(name: string, before: Manifest, after: Manifest): ModelChange | null {
  const old = before.models.get(name)
  const now = after.models.get(name)
  if (old === undefined || now === undefined) return null
  const keys = changedKeys(old, now)
  const left = new Set(variantsOf(now).map((way) => launchKey(way, after.engines)))
  const relaunch = !variantsOf(old).some((way) => left.has(launchKey(way, before.engines)))
  // The engine's own path may have moved while the model's keys stand.
  return keys.length === 0 && !relaunch ? null : { model: name, keys, relaunch }
}

function changedKeys(before: ModelSpec, after: ModelSpec): readonly string[] {
  const keys = Object.keys(after) as (keyof ModelSpec)[]
  return keys.filter((key) => differs(before[key], after[key])).map(written)
}

function settingChanges(section: string, before: object, after: object): readonly SettingChange[] {
  const old = new Map(Object.entries(before))
  const now = new Map(Object.entries(after))
  const keys = new Set([...old.keys(), ...now.keys()])
  return [...keys]
    .filter((key) => differs(old.get(key), now.get(key)))
    .map((name) => {
      const key = `${section}.${written(name)}`
      return { key, restart: RESTART_KEYS.has(key) }
    })
}

/** What an engine has by itself is the same whether it is written or not. */
function namedPrograms({ engines }: Manifest): object {
  const named = Object.entries(engines).filter(([, spec]) => Object.values(spec).some((value) => value !== null))
  return Object.fromEntries(named)
}

/** Order of keys counts for `args`, which are lists; in mappings it says nothing. */
function differs(before: unknown, after: unknown): boolean {
  return canonical(before) !== canonical(after)
}

function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

/** As the manifest writes the key. */
function written(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
