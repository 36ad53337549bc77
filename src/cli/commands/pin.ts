import { EXIT } from '../../core/index.ts'
import type { Register } from '../command.ts'
import { deviceNames } from '../device-names.ts'
import { durationText } from '../options.ts'
import { renderDecision } from '../render/decision.ts'
import { pinnedText } from '../render/words.ts'

export const pin: Register = (program, act) => {
  program
    .command('pin')
    .summary('load a model and keep it in memory')
    .description('load a model and keep it in memory, until it is unpinned or the daemon ends')
    .argument('<model>')
    .option('--for <duration>', 'end the pin after this time, such as 2h', durationText)
    .action(
      act(async (job, model: string, options: { readonly for?: string }) => {
        const client = await job.client()
        const answer = await client.pin(model, options.for ?? null)
        if (job.options.json) job.printJson(answer)
        else {
          const { decision, model: pinned } = answer
          if (decision.action === 'start' || decision.action === 'refuse')
            job.print(renderDecision(await deviceNames(client)(answer), 'done', job.look, job.now()))
          if (pinned.pinned) {
            const loads = pinned.phase === 'ready' ? '' : '; it is being loaded'
            job.print(`${pinned.id} is pinned: ${pinnedText(pinned.pinned, job.now())}${loads}\n`)
          }
        }
        return answer.decision.action === 'refuse' ? EXIT.placement : EXIT.ok
      }),
    )
}
