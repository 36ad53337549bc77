import { header, kindText, quoted, rowsOf, valueFlags } from './table.ts'
import type { Node } from './tree.ts'

/** `name:what it does`, as `_describe` reads it; a colon in a name would end it. */
function described(name: string, description: string): string {
  return quoted(`${name.replaceAll(':', '\\:')}:${description}`)
}

export function zshScript(program: Node, wordsCommand: string): string {
  const rows = rowsOf(program)
  const commands = rows
    .filter(({ node }) => node.commands.length > 0)
    .map(({ path, node }) => {
      const entries = node.commands.map(({ name, description }) => described(name, description))
      return `    ${quoted(path)}) found=(${entries.join(' ')}) ;;`
    })
  const flags = rows.map(({ path, node }) => {
    const entries = node.flags.flatMap(({ names, description }) => names.map((name) => described(name, description)))
    return `    ${quoted(path)}) found=(${entries.join(' ')}) ;;`
  })
  const values = rows.flatMap(({ path, node }) =>
    valueFlags(node).map(
      ({ flag, value }) =>
        `    ${flag.names.map((name) => quoted(`${path}|${name}`)).join('|')}) kind=${quoted(kindText(value))} ;;`,
    ),
  )
  const places = rows.flatMap(({ path, node }) =>
    node.places.map((kinds, index) => {
      const pattern = `${quoted(`${path}|`)}${index === node.places.length - 1 ? '*' : String(index)}`
      return `    ${pattern}) kind=${quoted(kinds.map(kindText).join(' '))} ;;`
    }),
  )
  return `#compdef enginehouse
${header('zsh')}
_enginehouse_commands() {
  case $1 in
${commands.join('\n')}
    *) found=() ;;
  esac
}

_enginehouse_flags() {
  case $1 in
${flags.join('\n')}
    *) found=() ;;
  esac
}

_enginehouse_value() {
  case "$1|$2" in
${values.join('\n')}
    *) kind= ;;
  esac
}

_enginehouse_place() {
  case "$1|$2" in
${places.join('\n')}
    *) kind= ;;
  esac
}

_enginehouse_offer() {
  local each
  local -a known
  if [[ $1 == '='* ]]; then compadd -- \${=1#=}; return; fi
  for each in \${=1}; do
    case $each in
      models|devices) known=("\${(@f)$("$words[1]" ${wordsCommand} $each 2>/dev/null)}"); compadd -a -- known ;;
      files) _files ;;
    esac
  done
}

_enginehouse() {
  local node= skip= kind= word
  local -i place=0
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $skip ]]; then skip= ; continue; fi
    if [[ $word == -* ]]; then
      _enginehouse_value "$node" "$word"
      skip=$kind
    else
      _enginehouse_commands "$node"
      if (( place == 0 )) && (( \${found[(I)$word:*]} )); then node="\${node:+$node }$word"; else (( place += 1 )); fi
    fi
  done
  if [[ -n $skip ]]; then
    _enginehouse_offer "$skip"
  elif [[ $words[CURRENT] == -* ]]; then
    _enginehouse_flags "$node"
    _describe -o option found
  else
    if (( place == 0 )); then
      _enginehouse_commands "$node"
      (( \${#found} )) && _describe command found
    fi
    _enginehouse_place "$node" "$place"
    [[ -n $kind ]] && _enginehouse_offer "$kind"
  fi
}

if [[ $funcstack[1] == _enginehouse ]]; then _enginehouse "$@"; else compdef _enginehouse enginehouse; fi
`
}
