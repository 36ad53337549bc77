import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import type { Node } from './tree.ts'
import { zshScript } from './zsh.ts'

export type Shell = 'bash' | 'zsh' | 'fish'

/** A whole script for `program`; `wordsCommand` is asked for words that only the daemon knows. */
export function script(shell: Shell, program: Node, wordsCommand: string): string {
  switch (shell) {
    case 'bash':
      return bashScript(program, wordsCommand)
    case 'zsh':
      return zshScript(program, wordsCommand)
    case 'fish':
      return fishScript(program, wordsCommand)
    default:
      return shell satisfies never
  }
}
