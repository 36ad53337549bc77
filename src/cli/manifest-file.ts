import type { Manifest } from '../core/index.ts'
import { EnginehouseError } from '../core/index.ts'
import type { ManifestProblem, ManifestResult } from '../manifest/index.ts'
import { nextOf, sentenceOf } from '../core/index.ts'
import type { Job } from './job.ts'

/** The manifest's file: the one that is named, else the first of the usual places. Throws manifest_not_found. */
export async function manifestPath(job: Job, named: string | undefined): Promise<string> {
  const { defaultManifestPlaces, findManifest } = await import('../manifest/index.ts')
  return named ?? job.options.config ?? findManifest(defaultManifestPlaces(job.world.environment))
}

/** Reads it with what this host and its environment say. */
export async function readManifestFile(job: Job, path: string): Promise<ManifestResult> {
  const [{ overridesFrom, readManifest }, { knowledge }] = await Promise.all([
    import('../manifest/index.ts'),
    job.world.house(),
  ])
  const { environment } = job.world
  return readManifest(path, { knowledge, overrides: overridesFrom(environment), environment })
}

/** The manifest, or manifest_invalid after every problem has been shown on stderr. */
export async function requireManifest(job: Job, result: ManifestResult): Promise<Manifest> {
  if (result.kind === 'manifest') return result.manifest
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

function problemFacts(problem: ManifestProblem): Readonly<Record<string, unknown>> {
  const { file, code, facts, line, column, path } = problem
  return { code, file, line, column, path, message: sentenceOf(code, facts), next: nextOf(code, facts), facts }
}
