import type { Register } from '../command.ts'
import { deviceNames } from '../device-names.ts'
import { momentText } from '../options.ts'
import { recordLine, recordRenderer } from '../render/explanation.ts'

interface EventsOptions {
  readonly follow?: true
  readonly model?: string
  readonly since?: string
}

/** Past records that are shown when nobody says how many. */
const SHOWN = 50
const SHOWN_BEFORE_FOLLOWING = 10

export const events: Register = (program, act) => {
  program
    .command('events')
    .summary('what the daemon did and why, as it happens')
    .description('show what the daemon did and why, from its journal')
    .option('-f, --follow', 'go on with what happens from now on')
    .option('--model <model>', 'only about this model')
    .option('--since <time>', 'from then on: 10m (ago), 14:03, or 2026-01-31T14:03:00Z', momentText)
    .action(
      act(async (job, { follow, model, since }: EventsOptions) => {
        const client = await job.client()
        const limit = since === undefined ? (follow ? SHOWN_BEFORE_FOLLOWING : SHOWN) : undefined
        const named = deviceNames(client)
        const show = job.look.width === null ? recordLine : recordRenderer(job.look, job.now())
        for await (const event of client.events({ follow: follow === true, model, since, limit })) {
          if (job.options.json) job.printJson(event)
          else job.print(show(await named(event)))
        }
      }),
    )
}
