import { EXIT } from '../../core/index.ts'
import type { Register } from '../command.ts'
import { deviceNames } from '../device-names.ts'
import { renderDecision, renderReady } from '../render/decision.ts'
import { watchLoad } from '../watch-load.ts'

interface RestartOptions {
  /** Undefined when nothing was said: then it waits. */
  readonly wait?: boolean
  readonly dryRun?: true
}

export const restart: Register = (program, act) => {
  program
    .command('restart')
    .summary('take a model down and load it again')
    .description('take a model down, its running requests first, and load it again')
    .argument('<model>')
    .option('--wait', 'until it is ready again (the default)')
    .option('--no-wait', 'only until it is decided')
    .option('--dry-run', 'decide, and change nothing')
    .action(
      act(async (job, model: string, options: RestartOptions) => {
        const client = await job.client()
        const dryRun = options.dryRun === true
        const wait = options.wait !== false && !dryRun
        const outcome = client.restart(model, { wait, dryRun })
        const answer = wait ? await watchLoad(job, client, model, outcome) : await outcome
        if (job.options.json) job.printJson(answer)
        else {
          const shown = await deviceNames(client)(answer)
          job.print(renderDecision(shown, dryRun ? 'would' : 'done', job.look, job.now()))
          if (shown.model.phase === 'ready' && wait) job.print(renderReady(shown.model))
        }
        return answer.decision.action === 'refuse' ? EXIT.placement : EXIT.ok
      }),
    )
}
