import { open, readdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Makes a file's bytes, or a directory's entries, survive a power cut. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Writes a whole new file and makes its bytes durable; its directory's entry is for the caller to sync. */
export async function writeDurable(path: string, text: string, mode = 0o600): Promise<void> {
  const handle = await open(path, 'w', mode)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Renames within one file system; the new name is durable when it resolves. */
export async function renameDurable(from: string, to: string): Promise<void> {
  await rename(from, to)
  await syncPath(dirname(to))
}

/** As `syncPath`, for a directory with everything below it. Links are not followed. */
export async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) await syncTree(path)
    else if (entry.isFile()) await syncPath(path)
  }
  await syncPath(directory)
}
