import type { Command } from 'commander'

import { EnginehouseError } from '../core/index.ts'

/** Commands of the contract that this version does not have, as people type them. */
const COMMANDS =
  'pull verify rm gc gguf keys top state diff replay ' +
  'analyze limits connect bench backup restore support-bundle upgrade rollback'

const SUBCOMMANDS = [['engines', 'doctor']] as const

/** They are refused by name, whatever follows; help does not show them. */
export function refuseNotBuilt(program: Command): void {
  for (const name of COMMANDS.split(' ')) refuse(program, name, name)
  for (const [group, name] of SUBCOMMANDS) {
    const parent = program.commands.find((command) => command.name() === group)
    if (parent) refuse(parent, name, `${group} ${name}`)
  }
}

function refuse(parent: Command, name: string, shown: string): void {
  parent
    .command(name, { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(() => {
      throw new EnginehouseError('not_supported', { what: `\`enginehouse ${shown}\`` })
    })
}
