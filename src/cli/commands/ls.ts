import type { Register } from '../command.ts'
import { renderLs } from '../render/ls.ts'

export const ls: Register = (program, act) => {
  program
    .command('ls')
    .summary('all models of the manifest')
    .description('show all models of the manifest')
    .action(
      act(async (job) => {
        const models = await (await job.client()).models()
        if (job.options.json) return job.printJson({ models })
        if (models.length === 0) job.note('The manifest has no models.')
        else job.print(renderLs(models, job.look))
      }),
    )
}
