import { Command } from 'commander'

import { EnginehouseError, quote } from '../core/index.ts'
import { nearest } from '../lib/nearest.ts'
import type { Act, Register } from './command.ts'
import { config } from './commands/config.ts'
import { apply } from './commands/apply.ts'
import { completion } from './commands/completion.ts'
import { devices } from './commands/devices.ts'
import { doctor } from './commands/doctor.ts'
import { engines } from './commands/engines.ts'
import { events } from './commands/events.ts'
import { explain } from './commands/explain.ts'
import { init } from './commands/init.ts'
import { load } from './commands/load.ts'
import { logs } from './commands/logs.ts'
import { ls } from './commands/ls.ts'
import { pin } from './commands/pin.ts'
import { plan } from './commands/plan.ts'
import { ps } from './commands/ps.ts'
import { restart } from './commands/restart.ts'
import { run } from './commands/run.ts'
import { serve } from './commands/serve.ts'
import { show } from './commands/show.ts'
import { status } from './commands/status.ts'
import { unload } from './commands/unload.ts'
import { unpin } from './commands/unpin.ts'
import { validate } from './commands/validate.ts'
import { version } from './commands/version.ts'
import { addExamples } from './examples.ts'
import { refuseNotBuilt } from './not-built.ts'
import { durationOption } from './options.ts'
import { packageVersion } from '../lib/package-version.ts'

/** In the order in which help shows them. */
// oxfmt-ignore
const COMMANDS: Readonly<Record<string, readonly Register[]>> = {
  'To begin:': [serve, init, validate, doctor, config, engines],
  'To look:': [status, ps, ls, show, devices, logs],
  'To act:': [run, load, unload, restart, pin, unpin, plan, apply],
  'To understand:': [explain, events],
  'Besides:': [completion, version],
}

export interface Output {
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
  readonly width: number
}

/** The whole command line. Wrong usage is thrown as a CommanderError or an EnginehouseError, never printed. */
export function createProgram(act: Act, output: Output): Command {
  const program = new Command('enginehouse')
  program
    .description('One URL for every model on this host: engines are started, proved, forwarded to and taken down.')
    .version(packageVersion(), '-V, --version', 'show the version')
    .option('-c, --config <file>', 'the manifest')
    .option('--json', 'results as JSON, streams as one JSON value per line')
    .option('-q, --quiet', 'results and errors only')
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .option('-y, --yes', 'answer yes where a command would ask')
    .option('--timeout <duration>', 'end the command after this time', durationOption)
    .option('--host <url>', 'the daemon there, else ENGINEHOUSE_HOST, else the one of the state directory')
    .option('--key-file <file>', 'the key for --host, else ENGINEHOUSE_API_KEY')
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: output.write,
      writeErr: output.writeError,
      outputError: () => undefined,
      getOutHelpWidth: () => output.width,
      getErrHelpWidth: () => output.width,
    })
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name(), minWidthToWrap: 24 })
    .exitOverride()
  for (const [title, commands] of Object.entries(COMMANDS)) {
    program.commandsGroup(title)
    for (const register of commands) register(program, act)
  }
  program.helpCommand('help [command]', 'help for a command').helpCommand(true)
  refuseNotBuilt(program)
  for (const command of [program, ...program.commands]) addExamples(command)
  for (const parent of [program, ...program.commands.filter((command) => command.commands.length > 0)]) {
    refuseUnknown(parent)
  }
  return program
}

/** What the parser calls "too many arguments" or answers with help is a name that nobody knows. */
function refuseUnknown(parent: Command): void {
  parent.on('command:*', (operands: readonly string[]) => {
    const [name = ''] = operands
    const names = parent.commands.map((command) => command.name())
    const [meant] = nearest(name, names)
    const hint = meant === undefined ? '' : ` Did you mean ${quote(meant)}?`
    throw new EnginehouseError('usage', { why: `There is no command ${quote(name)}.${hint}` })
  })
}
