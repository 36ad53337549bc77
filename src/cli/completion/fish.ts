import { header, kindText, quoted, rowsOf, valueFlags } from './table.ts'
import type { Flag, Node, Words } from './tree.ts'

/** Each line says what may stand where; a function tells where the cursor is. */
export function fishScript(program: Node, wordsCommand: string): string {
  const rows = rowsOf(program)
  const nodes = rows.map(({ path }) => quoted(path)).join(' ')
  const values = rows.flatMap(({ path, node }) =>
    valueFlags(node).flatMap(({ flag }) => flag.names.map((name) => quoted(`${path}|${name}`))),
  )
  const lines = rows.flatMap(({ path, node }) => [
    ...node.commands.map(
      ({ name, description }) =>
        `complete -c enginehouse -f -n ${at(path, 0)} -a ${quoted(name)} -d ${quoted(description)}`,
    ),
    ...node.places.flatMap((kinds, index) => {
      const where = at(path, index === node.places.length - 1 ? `${index}+` : index)
      return kinds.flatMap((words) => offer(where, words, wordsCommand))
    }),
    ...node.flags.map((flag) => flagLine(path, flag, wordsCommand)),
  ])
  return `${header('fish')}
function __enginehouse_at
    set -l nodes ${nodes}
    set -l values ${values.join(' ')}
    set -l node ''
    set -l place 0
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        set -l next (string trim "$node $word")
        if test $skip = 1
            set skip 0
        else if string match -q -- '-*' $word
            contains -- "$node|$word" $values; and set skip 1
        else if test $place = 0; and contains -- $next $nodes
            set node $next
        else
            set place (math $place + 1)
        end
    end
    test "$node" = "$argv[1]"; or return 1
    test (count $argv) = 1; and return 0
    if string match -q -- '*+' $argv[2]
        test $place -ge (string trim -c + -- $argv[2])
    else
        test $place = $argv[2]
    end
end

complete -c enginehouse -f
${lines.join('\n')}
`
}

function at(path: string, place: number | string): string {
  return `"__enginehouse_at ${quoted(path)} ${place}"`
}

function offer(where: string, words: Words, wordsCommand: string): readonly string[] {
  if (words === 'nothing') return []
  if (words === 'files') return [`complete -c enginehouse -F -n ${where}`]
  return [`complete -c enginehouse -f -n ${where} -a ${answers(words, wordsCommand)}`]
}

function answers(words: Exclude<Words, 'files' | 'nothing'>, wordsCommand: string): string {
  return typeof words === 'string' ? `"(enginehouse ${wordsCommand} ${words})"` : quoted(kindText(words).slice(1))
}

function flagLine(path: string, { names, description, value }: Flag, wordsCommand: string): string {
  const spelt = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ')
  const line = `complete -c enginehouse -n "__enginehouse_at ${quoted(path)}" ${spelt} -d ${quoted(description)}`
  if (value === null) return line
  if (value === 'files') return `${line} -r -F`
  return value === 'nothing' ? `${line} -x` : `${line} -x -a ${answers(value, wordsCommand)}`
}
