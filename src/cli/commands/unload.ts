import { EnginehouseError } from '../../core/index.ts'
import type { Register } from '../command.ts'
import { deviceNames } from '../device-names.ts'
import type { Job } from '../job.ts'
import { watchLoad } from '../watch-load.ts'
import { renderDecision, renderUnloadAll, type Tense } from '../render/decision.ts'

interface UnloadOptions {
  readonly all?: true
  /** Undefined when nothing was said: then it waits. */
  readonly wait?: boolean
  readonly dryRun?: true
}

export const unload: Register = (program, act) => {
  program
    .command('unload')
    .summary('take a model out of memory')
    .description('take a model out of memory; its running requests end first')
    .argument('[model]')
    .option('--all', 'every model')
    .option('--wait', 'until its memory is proven back (the default)')
    .option('--no-wait', 'only until it is decided')
    .option('--dry-run', 'decide, and change nothing')
    .action(
      act(async (job, model: string | undefined, options: UnloadOptions) => {
        if ((model === undefined) === (options.all === undefined)) {
          throw new EnginehouseError('usage', { why: 'Name one MODEL to unload, or give --all.' })
        }
        return model === undefined ? unloadAll(job, options) : unloadOne(job, model, options)
      }),
    )
}

async function unloadOne(job: Job, model: string, options: UnloadOptions): Promise<void> {
  const client = await job.client()
  const how = howOf(options)
  const outcome = client.unload(model, how)
  // Running requests end first, which may take a while.
  const answer = how.wait ? await watchLoad(job, client, model, outcome) : await outcome
  if (job.options.json) job.printJson(answer)
  else job.print(renderDecision(await deviceNames(client)(answer), tenseOf(options), job.look, job.now()))
}

async function unloadAll(job: Job, options: UnloadOptions): Promise<void> {
  const answer = await (await job.client()).unloadAll(howOf(options))
  if (job.options.json) job.printJson(answer)
  else job.print(renderUnloadAll(answer, tenseOf(options)))
}

function howOf(options: UnloadOptions): { readonly wait: boolean; readonly dryRun: boolean } {
  return { wait: options.wait !== false && !options.dryRun, dryRun: options.dryRun === true }
}

function tenseOf(options: UnloadOptions): Tense {
  return options.dryRun ? 'would' : 'done'
}
