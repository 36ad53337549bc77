import { readFileSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** The file's text, or nothing while it is absent. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/**
 * Waits until `look` returns something, asked again at each change in the directory of `path`. The test's own time
 * limit is the only one.
 */
export function untilChange<T>(path: string, look: () => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const check = (): void => {
      try {
        const result = look()
        if (result === undefined) return
        watcher.close()
        resolve(result)
      } catch (error) {
        watcher.close()
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    const watcher = watch(dirname(path), check)
    check()
  })
}

/** Waits until the text of the file at `path` matches. */
export function untilText(path: string, pattern: RegExp): Promise<RegExpExecArray> {
  return untilChange(path, () => pattern.exec(textOf(path)) ?? undefined)
}

/** For facts that nothing announces, such as the end of a process that is not our child: asks every 5 ms. */
export async function untilTrue(look: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await look())) await new Promise((resolve) => setTimeout(resolve, 5))
}
