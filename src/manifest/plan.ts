import type { ManifestDiff, ModelName } from '../core/index.ts'
import type { Setting } from './effective.ts'
import type { Plain } from './node.ts'

/** What another manifest would change, with the values as they may be shown. */
export interface ManifestPlan {
  readonly models: readonly ModelPlan[]
  /** Outside of `models`. */
  readonly settings: readonly SettingPlan[]
}

export interface ModelPlan {
  readonly model: ModelName
  readonly change: 'added' | 'removed' | 'changed'
  /** A running instance leaves, and the next load differs. */
  readonly relaunch: boolean
  readonly keys: readonly KeyChange[]
}

export interface KeyChange {
  /** Below the model: `context`, `args.jinja`. */
  readonly key: string
  /** Null where nothing is said, and where what is said may not be shown. */
  readonly before: Plain
  readonly after: Plain
}

export interface SettingPlan extends KeyChange {
  /** Takes effect only when the daemon is started anew. */
  readonly restart: boolean
}

/** `before` and `after` are the settings of the manifests that were compared. */
export function planOf(diff: ManifestDiff, before: readonly Setting[], after: readonly Setting[]): ManifestPlan {
  const old = shownByKey(before)
  const now = shownByKey(after)
  const whole = (model: ModelName, change: 'added' | 'removed'): ModelPlan => ({
    model,
    change,
    relaunch: false,
    keys: [],
  })
  return {
    models: [
      ...diff.added.map((model) => whole(model, 'added')),
      ...diff.changed.map(({ model, keys, relaunch }): ModelPlan => {
        const changes = keys.flatMap((key) => keyChanges(['models', model, key], old, now))
        return { model, change: 'changed', relaunch, keys: changes.map((each) => below(each, ['models', model])) }
      }),
      ...diff.removed.map((model) => whole(model, 'removed')),
    ],
    settings: diff.settings.flatMap(({ key, restart }) =>
      keyChanges(key.split('.'), old, now).map((change) => ({ ...below(change, []), restart })),
    ),
  }
}

interface Shown {
  readonly path: readonly string[]
  readonly value: Plain
}

interface PathChange {
  readonly path: readonly string[]
  readonly before: Plain
  readonly after: Plain
}

function shownByKey(settings: readonly Setting[]): ReadonlyMap<string, Shown> {
  return new Map(
    settings.map((setting) => {
      const { path } = setting
      return [setting.key, { path, value: 'value' in setting ? setting.value : setting.words }]
    }),
  )
}

/**
 * A change for each value at the path or below it that is shown otherwise; one for the path itself when none is: then
 * what differs is not shown, as it comes from a variable or looks like a secret.
 */
function keyChanges(
  path: readonly string[],
  old: ReadonlyMap<string, Shown>,
  now: ReadonlyMap<string, Shown>,
): readonly PathChange[] {
  const keys = new Set([...old.keys(), ...now.keys()])
  const found = [...keys].flatMap((key): PathChange[] => {
    const [before, after] = [old.get(key), now.get(key)]
    const here = before?.path ?? after?.path ?? []
    if (!path.every((part, index) => here[index] === part)) return []
    const change = { path: here, before: before?.value ?? null, after: after?.value ?? null }
    return JSON.stringify(change.before) === JSON.stringify(change.after) ? [] : [change]
  })
  return found.length > 0 ? found : [{ path, before: null, after: null }]
}

function below({ path, before, after }: PathChange, above: readonly string[]): KeyChange {
  return { key: path.slice(above.length).join('.'), before, after }
}
