import { readFile } from 'node:fs/promises'

import { EnginehouseError, isErrorCode } from '../core/index.ts'
import type { ManifestProblem, ManifestProblems } from '../manifest/index.ts'
import type { ManifestPlanAnswer, ProblemAnswer } from './answers.ts'
import type { Client } from './client.ts'
import type { Job } from './job.ts'
import {
  manifestPath,
  readManifestFile,
  readManifestStdin,
  readPipedManifest,
  requireManifestRead,
  sayWarnings,
  STDIN,
} from './manifest-file.ts'
import { DaemonError } from './problem.ts'

/** A plan, and what it compares. */
export interface Planned {
  readonly plan: ManifestPlanAnswer
  /** The file, or `stdin`. */
  readonly from: string
  readonly text: string | null
  /** Null without a daemon: then it is compared with nothing. */
  readonly daemon: { readonly client: Client; readonly manifest: string | null } | null
}

/** What FILE would change for the daemon; without one, what it asks of this host. Without FILE the daemon's own manifest. */
export async function planManifest(job: Job, named: string | undefined): Promise<Planned> {
  const client = await job.client()
  const status = await client.status().catch((error: unknown) => {
    if (isUnreachable(error) && !isRemote(job)) return null
    throw error
  })
  if (status === null) return planAlone(job, named)
  const file = named ?? job.options.config ?? status.manifest ?? (await manifestPath(job, undefined))
  const { from, text } = await readText(job, file)
  const plan = await client.plan(text).catch(async (error: unknown) => {
    throw await refusalFor(job, error, { from, text })
  })
  await sayWarnings(job, { warnings: { problems: asOf(plan.warnings, plan.manifest, from), path: from, text } })
  return { plan, from, text, daemon: { client, manifest: status.manifest } }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof EnginehouseError && error.code === 'daemon_unreachable'
}

/** Who names a daemon does not mean this host. */
function isRemote({ options, world }: Job): boolean {
  return options.host !== undefined || Boolean(world.environment['ENGINEHOUSE_HOST'])
}

async function planAlone(job: Job, named: string | undefined): Promise<Planned> {
  const [house, { stateDirectoryPath }] = await Promise.all([job.world.house(), import('../journal/index.ts')])
  const isStdin = named === STDIN
  const from = isStdin ? 'stdin' : await manifestPath(job, named)
  const read = await requireManifestRead(
    job,
    isStdin
      ? await readManifestStdin(job, { programs: { patience: 'long', progress: 'shown' } })
      : await readManifestFile(job, from, { programs: { patience: 'long', progress: 'shown' } }),
  )
  await sayWarnings(job, read)
  const plan = await house.planAlone(read, stateDirectoryPath(job.world.environment))
  return { plan, from, text: null, daemon: null }
}

async function readText(job: Job, file: string): Promise<{ readonly from: string; readonly text: string }> {
  if (file === STDIN) return { from: 'stdin', text: await readPipedManifest(job) }
  try {
    return { from: file, text: await readFile(file, 'utf8') }
  } catch {
    // Reading it as a manifest says what is wrong with it.
    await readManifestFile(job, file, { programs: null })
    throw new EnginehouseError('manifest_unreadable', { path: file, why: 'it changed while it was read' })
  }
}

/**
 * The daemon reads a text as if it stood in its own file; whoever named another one is told the problems of that, each
 * shown at its place.
 */
async function refusalFor(
  job: Job,
  error: unknown,
  { from, text }: { readonly from: string; readonly text: string },
): Promise<unknown> {
  if (!(error instanceof DaemonError) || error.problem.code !== 'manifest_invalid') return error
  const { list, path } = error.problem.facts as { readonly list?: readonly ProblemAnswer[]; readonly path?: string }
  if (!Array.isArray(list)) return error
  const problems = asOf(list, path ?? null, from)
  if (job.options.json)
    return new EnginehouseError('manifest_invalid', { path: from, problems: list.length, list: problems })
  const { renderProblems } = await import('../manifest/index.ts')
  const shown: ManifestProblems = { kind: 'problems', problems, path: from, text }
  job.world.stderr.write(renderProblems(shown, { color: job.errorLook.color }))
  return new EnginehouseError('manifest_invalid', { path: from, problems: list.length })
}

/** The problems of the daemon's file as those of the one that somebody named; less those that this version cannot tell. */
function asOf(problems: readonly ProblemAnswer[], path: string | null, from: string): readonly ManifestProblem[] {
  return problems.flatMap((problem) =>
    isErrorCode(problem.code)
      ? [{ ...problem, code: problem.code, file: problem.file === path ? from : problem.file }]
      : [],
  )
}
