import { watch, type FSWatcher } from 'node:fs'
import { lstat, readlink, realpath, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Millis } from '../core/index.ts'

/** An editor's save is several events (write, rename, attributes): nothing may happen for this long before it counts. */
const QUIET: Millis = 150
/** In a directory where something always happens, this long after the first event at the latest. */
const LATEST: Millis = 1000
/** A directory that is gone, or cannot be watched, is looked for this often. */
const RETRY: Millis = 2000
/** More links than this in a row are a loop. */
const LINKS_MAX = 40

export interface Watch {
  close(): void
}

/**
 * Calls back when the manifest at `path`, or the `.env` beside it, may say something else than before, and once at the
 * beginning: it may have changed since it was read. Its directory is watched and not the file itself, as editors
 * and configuration managers put another file in its place. Of a link, every directory on the way to its target is
 * watched. Never throws: `onBlind` is told, once, when something cannot be watched.
 */
export function watchManifest(path: string, onChange: () => void, onBlind: (error: unknown) => void): Watch {
  const watchers = new Map<string, FSWatcher>()
  let quiet: NodeJS.Timeout | undefined
  let latest: NodeJS.Timeout | undefined
  let retry: NodeJS.Timeout | undefined
  let blind = false
  let seen = ''
  let closed = false

  void look()
  return {
    close() {
      closed = true
      for (const timer of [quiet, latest, retry]) clearTimeout(timer)
      for (const watcher of watchers.values()) watcher.close()
      watchers.clear()
    },
  }

  function happened(): void {
    clearTimeout(quiet)
    quiet = setTimeout(settle, QUIET)
    latest ??= setTimeout(settle, LATEST)
  }

  function settle(): void {
    clearTimeout(quiet)
    clearTimeout(latest)
    latest = undefined
    void look()
  }

  async function look(): Promise<void> {
    // First the watchers: what changes after this look is seen by them. A link may lead elsewhere now.
    await arm()
    const now = await fingerprint(path)
    if (closed || now === seen) return
    seen = now
    onChange()
  }

  /** Watches the directories that count now, and no others. */
  async function arm(): Promise<void> {
    const directories = new Set(await directoriesOf(path))
    if (closed) return
    for (const [directory, watcher] of watchers) {
      if (directories.has(directory)) continue
      watcher.close()
      watchers.delete(directory)
    }
    for (const directory of directories) if (!watchers.has(directory)) open(directory)
    if (watchers.size === directories.size && directories.size > 0) return
    clearTimeout(retry)
    retry = setTimeout(happened, RETRY)
  }

  function open(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, (_, name) => {
        // Its own name: the directory itself was moved or removed, and this watcher sees no more.
        if (name !== null && directory.endsWith(`/${name}`)) drop(directory)
        happened()
      })
      watcher.on('error', () => {
        drop(directory)
        happened()
      })
      watchers.set(directory, watcher)
    } catch (error) {
      if (!blind) onBlind(error)
      blind = true
    }
  }

  function drop(directory: string): void {
    watchers.get(directory)?.close()
    watchers.delete(directory)
  }
}

/** Of both files: another one in its place, or another time or size, is a change. */
async function fingerprint(path: string): Promise<string> {
  const files = await Promise.all([path, join(dirname(path), '.env')].map(identify))
  return files.join(' ')
}

async function identify(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs].join(':')
  } catch {
    return 'absent'
  }
}

/** Real paths of every directory on the way to the file, links followed one by one. Those that are not there are left out. */
async function directoriesOf(path: string): Promise<readonly string[]> {
  const found: string[] = []
  let here = resolve(path)
  for (let links = 0; links < LINKS_MAX; links += 1) {
    for (const directory of [await realpathOrNull(dirname(here)), await directoryOfLink(dirname(here))]) {
      if (directory !== null) found.push(directory)
    }
    const target = await linkTarget(here)
    if (target === null) break
    here = resolve(dirname(here), target)
  }
  return found
}

/** Where a directory that is a link stands: replacing the link (as Kubernetes does) is seen only there. */
async function directoryOfLink(directory: string): Promise<string | null> {
  return (await linkTarget(directory)) === null ? null : realpathOrNull(dirname(directory))
}

async function linkTarget(path: string): Promise<string | null> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : null
  } catch {
    return null
  }
}

async function realpathOrNull(path: string): Promise<string | null> {
  try {
    return await realpath(path)
  } catch {
    return null
  }
}
