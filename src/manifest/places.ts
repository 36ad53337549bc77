import { access } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { EnginehouseError } from '../core/index.ts'

const FILE = 'enginehouse.yaml'

/** Where a manifest is looked for when none is named, in order: here, the user's, the host's. */
export function defaultManifestPlaces(env: NodeJS.ProcessEnv): readonly string[] {
  const { XDG_CONFIG_HOME: config, HOME: home } = env
  const user = config && isAbsolute(config) ? [config] : home ? [join(home, '.config')] : []
  return [resolve(FILE), ...[...user, '/etc'].map((directory) => join(directory, 'enginehouse', FILE))]
}

/** The first of the places that exists, readable or not. Throws manifest_not_found. */
export async function findManifest(places: readonly string[]): Promise<string> {
  for (const place of places) {
    if (await exists(place)) return place
  }
  throw new EnginehouseError('manifest_not_found', { looked: places })
}

/** A file that we may not look at is there: reading it says what is wrong. */
async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) =>
      !(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')),
  )
}
