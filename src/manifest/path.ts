/** Where in the manifest: keys and positions in lists, from the top. */
export type Path = readonly (string | number)[]

/** `models.a.source[0]`; a key with other characters than letters, digits, `_` and `-` is quoted. */
export function dotted(path: Path): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else text += `${text ? '.' : ''}${/^[\w-]{1,128}$/.test(part) ? part : JSON.stringify(part)}`
  }
  return text
}
