import type { Argument, Command, Option } from 'commander'

/** What may stand in a place of a command line; a list is the words themselves. */
export type Words = 'models' | 'devices' | 'files' | 'nothing' | readonly string[]

export interface Flag {
  readonly names: readonly string[]
  readonly description: string
  /** What follows it; null for one that stands alone. */
  readonly value: Words | null
}

/** A command as a shell completes it. */
export interface Node {
  readonly name: string
  readonly description: string
  readonly flags: readonly Flag[]
  /** By place; the last one counts for all further places. Several kinds in one place are completed together. */
  readonly places: readonly (readonly Words[])[]
  readonly commands: readonly Node[]
}

/** The program's commands, without those that help does not show. Flags of the whole program stand at each command. */
export function completionTree(program: Command): Node {
  return nodeOf(program, [])
}

function nodeOf(command: Command, inherited: readonly Flag[]): Node {
  const help: Flag = { names: ['--help', '-h'], description: 'display help for command', value: null }
  const own = command.options.filter((option) => !option.hidden).map(flagOf)
  const passedOn = command.parent === null ? own.filter(({ names }) => !names.includes('--version')) : inherited
  const visible = command.createHelp().visibleCommands(command)
  return {
    name: command.name(),
    description: command.description(),
    flags: [...own, ...inherited, help],
    places: command.registeredArguments.map(placeOf),
    commands: visible.filter((each) => each.name() !== 'help').map((each) => nodeOf(each, passedOn)),
  }
}

function flagOf(option: Option): Flag {
  const takesValue = option.required || option.optional
  const names = [option.long, option.short].filter((name) => name !== undefined)
  return { names, description: option.description, value: takesValue ? valueOf(option) : null }
}

/** Named for what they take: `--key-file <file>`, `--model <model>`. */
function valueOf({ argChoices, flags }: Option): Words {
  return argChoices ?? wordsOf(/[<[]([\w-]+)/.exec(flags)?.[1] ?? '')
}

function placeOf(argument: Argument): readonly Words[] {
  return argument.argChoices ? [argument.argChoices] : argument.name().split('|').map(wordsOf)
}

function wordsOf(name: string): Words {
  switch (name) {
    case 'model':
      return 'models'
    case 'device':
      return 'devices'
    case 'file':
    case 'file.gguf':
    case 'path':
      return 'files'
    default:
      return 'nothing'
  }
}
