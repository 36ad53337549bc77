import type { Flag, Node, Words } from './tree.ts'

/** A command with the words that lead to it, `engines install`; the program itself is the empty one. */
export interface Row {
  readonly path: string
  readonly node: Node
}

export function rowsOf(program: Node): readonly Row[] {
  return [{ path: '', node: program }, ...program.commands.flatMap((command) => below(command, ''))]
}

function below(node: Node, parent: string): readonly Row[] {
  const path = parent === '' ? node.name : `${parent} ${node.name}`
  return [{ path, node }, ...node.commands.flatMap((command) => below(command, path))]
}

/** Flags that a value follows, each with every name that it has. */
export function valueFlags(node: Node): readonly { readonly flag: Flag; readonly value: Words }[] {
  return node.flags.flatMap((flag) => (flag.value === null ? [] : [{ flag, value: flag.value }]))
}

/** As the scripts tell kinds of words apart: a name, or `=` before the words themselves. */
export function kindText(words: Words): string {
  return typeof words === 'string' ? words : `=${words.join(' ')}`
}

/** In single quotes, as all three shells read them. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", '’')}'`
}

export function header(shell: string): string {
  return `# Completion of enginehouse for ${shell}, made by: enginehouse completion ${shell}\n`
}
