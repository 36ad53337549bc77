import type { Client } from '../client.ts'
import type { Register } from '../command.ts'
import type { Job } from '../job.ts'
import { countOption } from '../options.ts'
import { forTerminal } from '../render/paint.ts'
import { isResident } from '../render/ps.ts'

interface LogsOptions {
  readonly follow?: true
  readonly lines: number
}

const LINES = 100

export const logs: Register = (program, act) => {
  program
    .command('logs')
    .summary('the output of engines')
    .description("show the output of a model's engine; without a model, of every engine that runs")
    .argument('[model]')
    .option('-f, --follow', 'go on with what it says from now on')
    .option('--lines <count>', 'the last so many lines', countOption, LINES)
    .action(
      act(async (job, model: string | undefined, options: LogsOptions) => {
        const client = await job.client()
        if (model !== undefined) return show(job, client, model, options, '')
        const resident = (await client.models()).filter(isResident)
        if (resident.length === 0) job.note('No engine runs. `enginehouse logs MODEL` shows what the last one said.')
        await Promise.all(resident.map(({ id }) => show(job, client, id, options, `${id} | `)))
      }),
    )
}

async function show(job: Job, client: Client, model: string, options: LogsOptions, prefix: string): Promise<void> {
  const query = { follow: options.follow === true, lines: options.lines }
  let isSilent = true
  for await (const line of client.logs(model, query)) {
    isSilent = false
    if (job.options.json) job.printJson({ model, line })
    else job.print(`${prefix}${job.look.width === null ? line : forTerminal(line)}\n`)
  }
  if (isSilent) job.note(`There is no output of ${model}.`)
}
