import { dirname, resolve } from 'node:path'

import { EnginehouseError } from '../core/index.ts'
import type { ManifestRead, ManifestResult, OverrideFlags, ReadOptions } from '../manifest/index.ts'
import type { Waiting } from './ask-programs.ts'
import type { Job } from './job.ts'
import { readStdin } from './read-stdin.ts'

/** What stands for stdin in the place of a file. */
export const STDIN = '-'

/** The manifest's file: the one that is named, else the first of the usual places. Throws manifest_not_found. */
export async function manifestPath(job: Job, named: string | undefined): Promise<string> {
  const { defaultManifestPlaces, findManifest } = await import('../manifest/index.ts')
  return named ?? job.options.config ?? findManifest(defaultManifestPlaces(job.world.environment))
}

/** With what a manifest is read, beside what this host and its environment say. */
export interface Reading {
  readonly flags?: OverrideFlags
  /** How the programs of engines are waited for, against whose flags `args` are held; null asks none. */
  readonly programs: Waiting | null
}

/** Reads it with what this host, its environment and the flags say. */
export async function readManifestFile(job: Job, path: string, reading: Reading): Promise<ManifestResult> {
  const { readManifest } = await import('../manifest/index.ts')
  return readManifest(path, await readOptions(job, reading))
}

/** A text as if it stood in the file at `path`. */
export async function readManifestInPlace(
  job: Job,
  path: string,
  text: string,
  reading: Reading,
): Promise<ManifestResult> {
  const { readManifestText } = await import('../manifest/index.ts')
  const file = resolve(path)
  return readManifestText(text, { ...(await readOptions(job, reading)), path: file, directory: dirname(file) })
}

/** The same for what is piped in; relative paths in it start where the command runs. */
export async function readManifestStdin(job: Job, reading: Reading): Promise<ManifestResult> {
  const { readManifestText } = await import('../manifest/index.ts')
  const text = await readPipedManifest(job)
  return readManifestText(text, {
    ...(await readOptions(job, reading)),
    path: 'stdin',
    directory: process.cwd(),
  })
}

/** What is piped in; of a text that is too large, enough to find that out. */
export async function readPipedManifest(job: Job): Promise<string> {
  const { MANIFEST_SIZE_MAX } = await import('../manifest/index.ts')
  const text = await readStdin(job.world.stdin, job.signal, MANIFEST_SIZE_MAX)
  job.signal.throwIfAborted()
  return text
}

async function readOptions(job: Job, { flags, programs }: Reading): Promise<ReadOptions> {
  const [{ overridesFrom }, house, { readLearned, stateDirectoryAt, stateDirectoryPath }] = await Promise.all([
    import('../manifest/index.ts'),
    job.world.house(),
    import('../journal/index.ts'),
  ])
  const { environment } = job.world
  const { learnedFile } = stateDirectoryAt(stateDirectoryPath(environment), environment)
  // A daemon reports a damaged one when it starts.
  const learned = await readLearned(learnedFile, () => undefined)
  return {
    knowledge: { ...house.knowledge, learnedLoad: (launchKey) => learned.get(launchKey) ?? null },
    overrides: overridesFrom(environment, flags),
    environment,
    ...(programs && {
      programs: async (draft) => (await import('./ask-programs.ts')).askPrograms(job, draft, programs),
    }),
  }
}

/** What was read, or manifest_invalid after every problem has been shown on stderr. */
export async function requireManifestRead(job: Job, result: ManifestResult): Promise<ManifestRead> {
  if (result.kind === 'manifest') return result
  const { problemShape, renderProblems } = await import('../manifest/index.ts')
  if (!job.options.json) job.world.stderr.write(renderProblems(result, { color: job.errorLook.color }))
  throw new EnginehouseError('manifest_invalid', {
    path: result.path,
    problems: result.problems.length,
    ...(job.options.json ? { list: result.problems.map(problemShape) } : {}),
  })
}

/** What is right and probably not meant, on stderr; nothing with --json, whose results have it. */
export async function sayWarnings(job: Job, { warnings }: Pick<ManifestRead, 'warnings'>): Promise<void> {
  if (job.options.json || job.options.quiet || warnings.problems.length === 0) return
  const { renderWarnings } = await import('../manifest/index.ts')
  job.world.stderr.write(`${renderWarnings(warnings, { color: job.errorLook.color })}\n`)
}
