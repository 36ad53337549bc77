import { chmod, readFile, realpath, stat } from 'node:fs/promises'

import { EnginehouseError } from '../core/index.ts'
import { replaceDurable } from '../lib/replace-durable.ts'
import { systemReason } from '../lib/system-reason.ts'

export async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => realpath(path).catch(() => path)))
  return a === b
}

/**
 * Puts a text in the place of the file, whole: whoever reads it finds the old one or the new one. What stood there is
 * kept beside it, and its path returned; null where nothing did. A link stays a link. Throws output_failed.
 */
export async function replaceManifest(path: string, text: string): Promise<string | null> {
  const target = await realpath(path).catch(() => path)
  try {
    const old = await readOld(target)
    const backup = old === null ? null : `${target}.bak`
    if (old !== null && backup !== null) {
      await replaceDurable(backup, old.text)
      await chmod(backup, old.mode)
    }
    await replaceDurable(target, text)
    if (old !== null) await chmod(target, old.mode)
    return backup
  } catch (error) {
    throw new EnginehouseError('output_failed', { why: `${target}: ${systemReason(error)}` }, { cause: error })
  }
}

async function readOld(path: string): Promise<{ readonly text: string; readonly mode: number } | null> {
  const facts = await stat(path).catch(() => null)
  return facts && { text: await readFile(path, 'utf8'), mode: facts.mode & 0o777 }
}
