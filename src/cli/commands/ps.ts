import type { Register } from '../command.ts'
import { isResident, renderPs } from '../render/ps.ts'

export const ps: Register = (program, act) => {
  program
    .command('ps')
    .summary('the models in memory and those that are loading')
    .description('show the models in memory and those that are loading')
    .action(
      act(async (job) => {
        const client = await job.client()
        const [all, devices] = await Promise.all([client.models(), client.devices()])
        const models = all.filter(isResident)
        if (job.options.json) return job.printJson({ models })
        if (models.length === 0) job.note('No model is loaded. `enginehouse ls` shows what there is.')
        else job.print(renderPs(models, devices, job.look, job.now()))
      }),
    )
}
