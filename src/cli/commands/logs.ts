import { Option } from 'commander'

import { EnginehouseError } from '../../core/index.ts'
import { escapeControl, escapeOutput } from '../../lib/escape-control.ts'
import { prettyLine } from '../../lib/pretty-line.ts'
import type { Register } from '../command.ts'
import { daemonLog } from '../daemon-log.ts'
import type { Job } from '../job.ts'
import { countOption, momentText } from '../options.ts'
import { LOG_LEVELS } from '../world.ts'

interface LogsOptions {
  readonly follow?: true
  readonly lines?: number
  readonly since?: string
  readonly level?: string
}

/** Shown when nobody says how many, nor since when. */
const LINES = 100

export const logs: Register = (program, act) => {
  program
    .command('logs')
    .summary("the daemon's log, or the output of a model's engine")
    .description("show the output of a model's engine; without a model, the daemon's own log")
    .argument('[model]')
    .option('-f, --follow', 'go on with what comes from now on')
    .option('--since <time>', 'from then on: 10m (ago), 14:03, or 2026-01-31T14:03:00Z', momentText)
    .option('--lines <count>', `the last so many lines (${LINES}, without --since)`, countOption)
    .addOption(new Option('--level <level>', 'from which level on the daemon logs from now on').choices(LOG_LEVELS))
    .action(
      act(async (job, model: string | undefined, { follow, lines, since, level }: LogsOptions) => {
        if (level !== undefined) return setLevel(job, model, level)
        const count = lines ?? (since === undefined ? LINES : undefined)
        const query = { follow: follow === true, lines: count, since }
        const isSilent = await (model === undefined ? showDaemon(job, query) : showEngine(job, model, query))
        if (isSilent) job.note(model === undefined ? 'The daemon said nothing.' : `There is no output of ${model}.`)
      }),
    )
}

type Query = Parameters<typeof daemonLog>[1]

/** True when there was nothing to show. */
async function showDaemon(job: Job, query: Query): Promise<boolean> {
  let isSilent = true
  for await (const line of daemonLog(job, query)) {
    isSilent = false
    job.print(job.options.json ? `${escapeControl(line)}\n` : prettyLine(line, 'date'))
  }
  return isSilent
}

async function showEngine(job: Job, model: string, query: Query): Promise<boolean> {
  const client = await job.client()
  let speaker: string | null = null
  for await (const said of client.engineLog(model, query)) {
    if (job.options.json) job.print(`${escapeControl(JSON.stringify(said))}\n`)
    else {
      const isOther = speaker !== null && said.instance !== undefined && said.instance !== speaker
      if (isOther) job.print(`[enginehouse: from here on ${escapeControl(said.instance ?? '')}]\n`)
      job.print(`${escapeOutput(said.line)}\n`)
    }
    speaker = said.instance ?? speaker ?? ''
  }
  return speaker === null
}

async function setLevel(job: Job, model: string | undefined, level: string): Promise<void> {
  if (model !== undefined) {
    throw new EnginehouseError('usage', { why: '--level is of the daemon’s own log: leave out the model.' })
  }
  const answer = await (await job.client()).setLogLevel(level)
  if (job.options.json) job.printJson(answer)
  else job.print(`The daemon logs from ${answer.level} on; it was ${answer.was}.\n`)
}
