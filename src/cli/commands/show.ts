import type { Register } from '../command.ts'
import { renderShow } from '../render/show.ts'

export const show: Register = (program, act) => {
  program
    .command('show')
    .summary('one model: settings, what it holds, its command')
    .description("show one model: its settings, what it holds, and its engine's exact command")
    .argument('<model>')
    .action(
      act(async (job, name: string) => {
        const client = await job.client()
        const model = await client.model(name)
        if (job.options.json) job.printJson(model)
        else job.print(renderShow(model, await client.devices(), job.look, job.now()))
      }),
    )
}
