import { plain } from './paint.ts'

/** A word as a POSIX shell reads it back. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${plain(word).replaceAll("'", `'\\''`)}'`
}

/** A command's lines, each flag with its values on one; together they can be pasted into a shell. */
export function argvLines(argv: readonly string[]): readonly string[] {
  const lines: string[][] = []
  for (const [index, word] of argv.entries()) {
    const line = lines.at(-1)
    if (line && !(index > 0 && word.startsWith('-') && word !== '-')) line.push(shellWord(word))
    else lines.push([shellWord(word)])
  }
  return lines.map((words, index) => {
    const end = index < lines.length - 1 ? ' \\' : ''
    return `${index === 0 ? '' : '  '}${words.join(' ')}${end}`
  })
}
