import type { Argument, Command, Option } from 'commander'

import { CHANGES } from '../../src/cli/commands/plan.ts'
import { EXAMPLES } from '../../src/cli/examples.ts'
import { createProgram } from '../../src/cli/program.ts'
import { EXIT } from '../../src/core/index.ts'
import { ENVIRONMENT } from './environment.ts'
import { code, NOTICE, paragraphs, sentence, table } from './markdown.ts'

const EXIT_WORDS: Readonly<Record<keyof typeof EXIT, string>> = Object.freeze({
  ok: 'Done.',
  failed: 'Failed; stderr says why.',
  usage: 'The command line is wrong, or asks for what this version does not do.',
  manifest: 'The manifest is missing or wrong.',
  placement: 'The model cannot be placed in memory.',
  unreachable: 'No daemon answers.',
  noSuchModel: 'There is no such model.',
  notAllowed: 'Not allowed.',
  timedOut: 'Took too long.',
  interrupted: 'Interrupted (Ctrl-C).',
})

/** The command line as its parser has it. */
export function program(): Command {
  return createProgram(() => () => Promise.resolve(), { write() {}, writeError() {}, width: 100 })
}

/** Commands that help shows; those that this version refuses by name are hidden. */
export function visibleCommands(parent: Command): readonly Command[] {
  return parent
    .createHelp()
    .visibleCommands(parent)
    .filter((command) => command.name() !== 'help')
}

export function cliPage(): string {
  const top = program()
  const commands = visibleCommands(top)
  const hidden = [top, ...commands].flatMap((parent) => refused(parent).map((command) => nameOf(command)))
  return paragraphs(
    NOTICE,
    '# Command line',
    '`enginehouse serve` is the daemon. Commands that ask it do so over the socket in its state directory, or at ' +
      '`--host`; the others say that they need no daemon. Results are on stdout, everything else on stderr.',
    '## For every command',
    optionTable(top.options.filter((option) => !option.hidden)),
    ...commands.flatMap((command) => about(command)),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      [
        ...Object.entries(EXIT).map(([name, exit]) => [String(exit), EXIT_WORDS[name as keyof typeof EXIT]]),
        [String(CHANGES), 'Of `enginehouse plan --exit-code`: something would change.'],
      ].toSorted(([a], [b]) => Number(a) - Number(b)),
    ),
    '[errors](errors.md) has the exit code of each error.',
    '## Environment',
    'A flag goes before the environment, the environment before the manifest, the manifest before the default.',
    table(
      ['variable', 'meaning'],
      Object.entries(ENVIRONMENT).map(([name, words]) => [code(name), words]),
    ),
    ...(hidden.length === 0
      ? []
      : ['## Not in this version', `Refused by name, with exit code 2: ${hidden.map(code).join(', ')}.`]),
  )
}

function about(command: Command): readonly string[] {
  const parts = visibleCommands(command)
  if (parts.length > 0) {
    const examples = examplesOf(command)
    return [`## ${nameOf(command)}`, sentence(command.description()), ...examples, ...parts.flatMap(partOf)]
  }
  return [`## ${nameOf(command)}`, ...bodyOf(command)]
}

function partOf(command: Command): readonly string[] {
  return [`### ${nameOf(command)}`, ...bodyOf(command)]
}

function bodyOf(command: Command): readonly string[] {
  const { registeredArguments: given } = command
  const options = command.options.filter((option) => !option.hidden)
  const usage = [nameOf(command), ...given.map(shown), ...(options.length > 0 ? ['[options]'] : [])].join(' ')
  const described = given.filter((argument) => argument.description !== '')
  return [
    sentence(command.description()),
    code(usage),
    ...(described.length === 0
      ? []
      : [
          table(
            ['argument', 'meaning'],
            described.map((argument) => [code(shown(argument)), argument.description]),
          ),
        ]),
    ...(options.length === 0 ? [] : [optionTable(options)]),
    ...examplesOf(command),
  ]
}

function examplesOf(command: Command): readonly string[] {
  const lines = command.parent?.parent === null ? (EXAMPLES[command.name()] ?? []) : []
  return lines.length === 0 ? [] : [`\`\`\`sh\n${lines.join('\n')}\n\`\`\``]
}

function optionTable(options: readonly Option[]): string {
  const rows = options.map((option) => [code(option.flags), meaning(option)])
  return table(['option', 'meaning'], rows)
}

function meaning({ description, argChoices: choices, defaultValue: standard }: Option): string {
  const oneOf = choices === undefined ? '' : ` (one of ${choices.join(', ')})`
  const hasDefault = standard !== undefined && standard !== false && standard !== true
  return `${description}${hasDefault ? ` (default ${String(standard)})` : ''}${oneOf}`
}

function shown(argument: Argument): string {
  const name = `${argument.name().replaceAll(/(^|[|])[a-z-]+/g, (word) => word.toUpperCase())}${argument.variadic ? '…' : ''}`
  return argument.required ? name : `[${name}]`
}

function nameOf(command: Command): string {
  const parent = command.parent
  return parent === null ? command.name() : `${nameOf(parent)} ${command.name()}`
}

function refused(parent: Command): readonly Command[] {
  const visible = new Set(parent.createHelp().visibleCommands(parent))
  // What only the completion scripts call begins so.
  return parent.commands.filter((command) => !visible.has(command) && !command.name().startsWith('__'))
}
