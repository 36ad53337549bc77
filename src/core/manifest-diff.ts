import type { ModelName } from './ids.ts'

/** What a reload would change, by names of keys as the manifest writes them; values may be secret and are not in it. */
export interface ManifestDiff {
  readonly added: readonly ModelName[]
  readonly removed: readonly ModelName[]
  readonly changed: readonly ModelChange[]
  /** Keys outside of `models`. */
  readonly settings: readonly SettingChange[]
}

export interface ModelChange {
  readonly model: ModelName
  readonly keys: readonly string[]
  /** No way to run it that was there before is left as it was: a running instance leaves, and the next load differs. */
  readonly relaunch: boolean
}

export interface SettingChange {
  /** `server.listen` */
  readonly key: string
  /** Takes effect only when the daemon is started anew. */
  readonly restart: boolean
}
