import { type ErrorCode, ERRORS, isErrorCode } from '../../core/index.ts'
import { nearest } from '../../lib/nearest.ts'
import type { ExplanationAnswer } from '../answers.ts'
import type { Client } from '../client.ts'
import type { Register } from '../command.ts'
import { deviceNames } from '../device-names.ts'
import type { Job } from '../job.ts'
import { momentText } from '../options.ts'
import { DaemonError } from '../problem.ts'
import { errorEntry, renderErrorEntry, renderFailureClass } from '../render/error-entry.ts'
import { renderExplanation } from '../render/explanation.ts'

export const explain: Register = (program, act) => {
  program
    .command('explain')
    .summary('why: of a model, a request or an error code')
    .description(
      'say why a model is as it is, what became of a request, or what an error code or a class of failures means',
    )
    .argument('<model|request|code>')
    .option('--at <time>', 'as it stood then: 10m (ago), 14:03, or 2026-01-31T14:03:00Z', momentText)
    .action(
      act(async (job, subject: string, { at }: { readonly at?: string }) => {
        // A code means the same at any time, so that a model with the name of one is still within reach.
        if (at === undefined && isErrorCode(subject)) return explainCode(job, subject)
        const failure = at === undefined ? await failureOf(subject) : null
        if (failure) return explainFailure(job, subject, failure)
        const client = await job.client()
        const answer = await ask(client, subject, at)
        if (job.options.json) job.printJson(answer)
        else job.print(renderExplanation(await deviceNames(client)(answer), job.look, job.now()))
      }),
    )
}

/** The registry is here, so that no daemon is needed. */
function explainCode(job: Job, code: ErrorCode): void {
  if (job.options.json) job.printJson(errorEntry(code))
  else job.print(renderErrorEntry(code, job.look))
}

/** Of an engine, by the class that screens and records name: no model is called so. */
async function failureOf(subject: string): Promise<Failure | null> {
  const { describeFailure } = await import('../../journal/index.ts')
  return describeFailure(subject)
}

interface Failure {
  readonly because: string
  readonly advice: string
}

function explainFailure(job: Job, name: string, { because, advice }: Failure): void {
  if (job.options.json) job.printJson({ class: name, because, advice })
  else job.print(renderFailureClass(name, because, advice, job.look))
}

/** What is no model may be a request; what is neither is reported as a model that is not there. */
async function ask(client: Client, subject: string, at: string | undefined): Promise<ExplanationAnswer> {
  try {
    return await client.explain({ model: subject }, at)
  } catch (error) {
    if (!isRefusal(error, 'model_not_found')) throw error
    return client.explain({ request: subject }, at).catch((second: unknown) => {
      throw isRefusal(second, 'request_not_found') ? withCodes(error, subject) : second
    })
  }
}

/** A code that is mistyped is met as a model that is not there; a model of nearly that name goes before it. */
function withCodes(error: DaemonError, subject: string): DaemonError {
  const [code] = nearest(subject, Object.keys(ERRORS))
  const { nearest: models } = error.problem.facts
  if (code === undefined || (Array.isArray(models) && models.length > 0)) return error
  return new DaemonError({ ...error.problem, next: `Did you mean the error code ${code}?` })
}

function isRefusal(error: unknown, code: string): error is DaemonError {
  return error instanceof DaemonError && error.problem.code === code
}
