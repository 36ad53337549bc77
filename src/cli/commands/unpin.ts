import type { Register } from '../command.ts'
import { leavesText } from '../render/words.ts'

export const unpin: Register = (program, act) => {
  program
    .command('unpin')
    .summary('end the pin of a model')
    .description('end the pin of a model: its ttl and other models decide again')
    .argument('<model>')
    .action(
      act(async (job, model: string) => {
        const answer = await (await job.client()).unpin(model)
        if (job.options.json) return job.printJson(answer)
        job.print(`${answer.model.id} is not pinned any more${leavesText(answer.model, job.now())}\n`)
      }),
    )
}
