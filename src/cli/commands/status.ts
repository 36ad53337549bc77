import type { Register } from '../command.ts'
import { renderStatus } from '../render/status.ts'

export const status: Register = (program, act) => {
  program
    .command('status')
    .summary('the daemon, its devices and its models on one screen')
    .description('show the daemon, its devices and its models on one screen')
    .action(
      act(async (job) => {
        const client = await job.client()
        const [daemon, devices, models, queue] = await Promise.all([
          client.status(),
          client.devices(),
          client.models(),
          client.queue(),
        ])
        if (job.options.json) job.printJson({ daemon, devices, models, queue })
        else job.print(renderStatus({ daemon, devices, models }, job.look, job.now()))
      }),
    )
}
