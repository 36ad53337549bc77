import { header, kindText, quoted, rowsOf, valueFlags } from './table.ts'
import type { Node } from './tree.ts'

/**
 * Words are read from the line itself: bash breaks them at colons too, which stand in names of models. For the same
 * reason what stands before the last colon is taken off the answers.
 */
export function bashScript(program: Node, wordsCommand: string): string {
  const rows = rowsOf(program)
  const commands = rows
    .filter(({ node }) => node.commands.length > 0)
    .map(({ path, node }) => `    ${quoted(path)}) found=${quoted(node.commands.map(({ name }) => name).join(' '))} ;;`)
  const flags = rows.map(
    ({ path, node }) => `    ${quoted(path)}) found=${quoted(node.flags.flatMap(({ names }) => names).join(' '))} ;;`,
  )
  const values = rows.flatMap(({ path, node }) =>
    valueFlags(node).map(
      ({ flag, value }) =>
        `    ${flag.names.map((name) => quoted(`${path}|${name}`)).join(' | ')}) found=${quoted(kindText(value))} ;;`,
    ),
  )
  const places = rows.flatMap(({ path, node }) =>
    node.places.map((kinds, index) => {
      const pattern = `${quoted(`${path}|`)}${index === node.places.length - 1 ? '*' : String(index)}`
      return `    ${pattern}) found=${quoted(kinds.map(kindText).join(' '))} ;;`
    }),
  )
  return `${header('bash')}
_enginehouse_commands() {
  case $1 in
${commands.join('\n')}
    *) found= ;;
  esac
}

_enginehouse_flags() {
  case $1 in
${flags.join('\n')}
    *) found= ;;
  esac
}

_enginehouse_value() {
  case "$1|$2" in
${values.join('\n')}
    *) found= ;;
  esac
}

_enginehouse_place() {
  case "$1|$2" in
${places.join('\n')}
    *) found= ;;
  esac
}

_enginehouse_offer() {
  local kind
  case $1 in
    =*) COMPREPLY+=($(compgen -W "\${1#=}" -- "$cur")) ; return ;;
  esac
  for kind in $1; do
    case $kind in
      models | devices) COMPREPLY+=($(compgen -W "$("\${line[0]}" ${wordsCommand} "$kind" 2>/dev/null)" -- "$cur")) ;;
      files) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$cur")) ;;
    esac
  done
}

_enginehouse() {
  local IFS=$' \\t\\n' line typed=\${COMP_LINE:0:COMP_POINT} cur node= place=0 skip= word found index
  COMPREPLY=()
  read -ra line <<<"$typed"
  case $typed in *' ') line+=('') ;; esac
  cur=\${line[\${#line[@]}-1]}
  for ((index = 1; index < \${#line[@]} - 1; index++)); do
    word=\${line[index]}
    if [[ $skip ]]; then skip= ; continue; fi
    case $word in
      -*) _enginehouse_value "$node" "$word"; [[ $found ]] && skip=$found ;;
      *)
        _enginehouse_commands "$node"
        if [[ $place == 0 && " $found " == *" $word "* ]]; then node="\${node:+$node }$word"; else place=$((place + 1)); fi
        ;;
    esac
  done
  if [[ $skip ]]; then
    _enginehouse_offer "$skip"
  elif [[ $cur == -* ]]; then
    _enginehouse_flags "$node"
    COMPREPLY=($(compgen -W "$found" -- "$cur"))
  else
    [[ $place == 0 ]] && _enginehouse_commands "$node" && COMPREPLY=($(compgen -W "$found" -- "$cur"))
    _enginehouse_place "$node" "$place"
    _enginehouse_offer "$found"
  fi
  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
    for index in "\${!COMPREPLY[@]}"; do COMPREPLY[index]=\${COMPREPLY[index]#"\${cur%"\${cur##*:}"}"}; done
  fi
}

complete -F _enginehouse enginehouse
`
}
