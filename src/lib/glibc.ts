import { askHost, type HostQuestion } from './ask-host.ts'

export interface GlibcVersion {
  readonly major: number
  readonly minor: number
}

/** Why programs that need this glibc do not run here, as the end of a sentence; null when they do. */
export async function glibcProblem(oldest: GlibcVersion, how: Omit<HostQuestion, 'argv'>): Promise<string | null> {
  const said = await askHost({ ...how, argv: ['getconf', 'GNU_LIBC_VERSION'] })
  const [found, major, minor] = /^glibc (\d+)\.(\d+)/.exec(said ?? '') ?? []
  if (found === undefined) return 'this host has another C library'
  const isOld = Number(major) < oldest.major || (Number(major) === oldest.major && Number(minor) < oldest.minor)
  return isOld ? `this host has ${found}` : null
}
