import type { Command } from 'commander'

import { EnginehouseError } from '../core/index.ts'

/** Commands of the contract that this version does not have, as people type them. */
const COMMANDS =
  'pull verify rm gc gguf keys top state diff replay ' +
  'analyze limits connect bench backup restore support-bundle upgrade rollback'

/** They are refused by name, whatever follows; help does not show them. */
export function refuseNotBuilt(program: Command): void {
  for (const name of COMMANDS.split(' ')) refuse(program, name)
}

function refuse(program: Command, name: string): void {
  program
    .command(name, { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(() => {
      throw new EnginehouseError('not_supported', { what: `\`enginehouse ${name}\`` })
    })
}
