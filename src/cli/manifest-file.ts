import { EnginehouseError } from '../core/index.ts'
import type { ManifestProblem, ManifestRead, ManifestResult, OverrideFlags, ReadOptions } from '../manifest/index.ts'
import { nextOf, sentenceOf } from '../core/index.ts'
import type { Job } from './job.ts'
import { readStdin } from './read-stdin.ts'

/** What stands for stdin in the place of a file. */
export const STDIN = '-'

/** The manifest's file: the one that is named, else the first of the usual places. Throws manifest_not_found. */
export async function manifestPath(job: Job, named: string | undefined): Promise<string> {
  const { defaultManifestPlaces, findManifest } = await import('../manifest/index.ts')
  return named ?? job.options.config ?? findManifest(defaultManifestPlaces(job.world.environment))
}

/** Reads it with what this host, its environment and the flags say. */
export async function readManifestFile(job: Job, path: string, flags?: OverrideFlags): Promise<ManifestResult> {
  const { readManifest } = await import('../manifest/index.ts')
  return readManifest(path, await readOptions(job, flags))
}

/** The same for what is piped in; relative paths in it start where the command runs. */
export async function readManifestStdin(job: Job): Promise<ManifestResult> {
  const { MANIFEST_SIZE_MAX, readManifestText } = await import('../manifest/index.ts')
  const text = await readStdin(job.world.stdin, job.signal, MANIFEST_SIZE_MAX)
  job.signal.throwIfAborted()
  return readManifestText(text, { ...(await readOptions(job)), path: 'stdin', directory: process.cwd() })
}

async function readOptions(job: Job, flags?: OverrideFlags): Promise<ReadOptions> {
  const [{ overridesFrom }, { knowledge }, { readLearned, stateDirectoryAt, stateDirectoryPath }] = await Promise.all([
    import('../manifest/index.ts'),
    job.world.house(),
    import('../journal/index.ts'),
  ])
  const { environment } = job.world
  const { learnedFile } = stateDirectoryAt(stateDirectoryPath(environment), environment)
  // A daemon reports a damaged one when it starts.
  const learned = await readLearned(learnedFile, () => undefined)
  return {
    knowledge: { ...knowledge, learnedLoad: (launchKey) => learned.get(launchKey) ?? null },
    overrides: overridesFrom(environment, flags),
    environment,
  }
}

/** What was read, or manifest_invalid after every problem has been shown on stderr. */
export async function requireManifestRead(job: Job, result: ManifestResult): Promise<ManifestRead> {
  if (result.kind === 'manifest') return result
  if (!job.options.json) {
    const { renderProblems } = await import('../manifest/index.ts')
    job.world.stderr.write(renderProblems(result, { color: job.errorLook.color }))
  }
  throw new EnginehouseError('manifest_invalid', {
    path: result.path,
    problems: result.problems.length,
    ...(job.options.json ? { list: result.problems.map(problemFacts) } : {}),
  })
}

/** What is right and probably not meant, on stderr; nothing with --json, whose results have it. */
export async function sayWarnings(job: Job, { warnings }: ManifestRead): Promise<void> {
  if (job.options.json || job.options.quiet || warnings.problems.length === 0) return
  const { renderWarnings } = await import('../manifest/index.ts')
  job.world.stderr.write(`${renderWarnings(warnings, { color: job.errorLook.color })}\n`)
}

/** A problem or a warning as JSON shows it. */
export function problemFacts(problem: ManifestProblem): Readonly<Record<string, unknown>> {
  const { file, code, facts, line, column, path } = problem
  const message = sentenceOf(code, facts)
  return { code, file, line, column, path, message, next: nextOf(code, facts), nearest: facts['nearest'] ?? [], facts }
}
