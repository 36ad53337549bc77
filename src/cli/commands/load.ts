import { EXIT } from '../../core/index.ts'
import type { DecidedAnswer } from '../answers.ts'
import type { Client } from '../client.ts'
import type { Register } from '../command.ts'
import { deviceNames } from '../device-names.ts'
import type { Job } from '../job.ts'
import { renderDecision, renderReady } from '../render/decision.ts'
import { watchLoad } from '../watch-load.ts'

interface LoadOptions {
  /** Undefined when nothing was said: then it waits. */
  readonly wait?: boolean
  readonly dryRun?: true
}

export const load: Register = (program, act) => {
  program
    .command('load')
    .summary('load a model, with the decision and its evidence')
    .description('load a model, and print the decision with its evidence')
    .argument('<model>')
    .option('--wait', 'until it is ready (the default)')
    .option('--no-wait', 'only until it is decided')
    .option('--dry-run', 'decide, and change nothing')
    .action(
      act(async (job, model: string, options: LoadOptions) => {
        const client = await job.client()
        const answer = await ask(job, client, model, options)
        if (job.options.json) job.printJson(answer)
        else job.print(render(job, await deviceNames(client)(answer), options))
        return answer.decision.action === 'refuse' ? EXIT.placement : EXIT.ok
      }),
    )
}

async function ask(job: Job, client: Client, model: string, options: LoadOptions): Promise<DecidedAnswer> {
  if (options.dryRun) return client.load(model, { wait: false, dryRun: true })
  if (options.wait === false) return client.load(model, { wait: false, dryRun: false })
  return watchLoad(job, client, model, client.load(model, { wait: true, dryRun: false }))
}

function render(job: Job, answer: DecidedAnswer, options: LoadOptions): string {
  const decision = renderDecision(answer, options.dryRun ? 'would' : 'done', job.look, job.now())
  return answer.model.phase === 'ready' && !options.dryRun ? decision + renderReady(answer.model) : decision
}
