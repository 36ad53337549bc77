import type { Configuration } from '../admin/index.ts'
import type { Manifest } from '../core/index.ts'
import type { ManifestResult, Reload, Setting } from '../manifest/index.ts'
import { foresee, type Ground } from './foresee.ts'

/** How the manifest was read, and how another text would be in its place. */
export interface ManifestReading {
  /** Of the manifest that the daemon starts with. */
  settings(): readonly Setting[]
  /** Reads the file again. Throws an EnginehouseError when it cannot be read. */
  again(): Promise<ManifestResult>
  /** Reads a text as if it stood in the file. */
  text(text: string): Promise<ManifestResult>
}

export interface ConfigurationParts {
  readonly reading: ManifestReading
  readonly current: () => Manifest
  readonly reload: () => Promise<Reload>
  readonly ground: Ground
}

export interface KeptConfiguration extends Configuration {
  /** `reading.again`, remembering what it read for the time when it is in force. */
  reread(): Promise<ManifestResult>
}

/** The daemon's manifest as operators may see and change it. */
export function createConfiguration({ reading, current, reload, ground }: ConfigurationParts): KeptConfiguration {
  const first = current()
  const settings = new WeakMap<Manifest, () => readonly Setting[]>([[first, reading.settings]])
  return {
    current,
    settings: () => settings.get(current())?.() ?? [],
    read: reading.text,
    foresee: (manifest) => foresee(manifest, ground),
    reload,
    async reread() {
      const result = await reading.again()
      if (result.kind === 'manifest') settings.set(result.manifest, result.settings)
      return result
    },
  }
}
