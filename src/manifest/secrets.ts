import type { Plain } from './node.ts'

/** Stands where a value was, and cannot be taken for one. */
export const WITHHELD = '<withheld>'

/** `max-tokens` and `tokenizer` are no secrets; what is taken for one wrongly is only not shown. */
const SECRET_NAME =
  /api.?key|access.?key|private.?key|secret|passw|credential|bearer|token(?!s|iz)|(?:^|[_-])(?:key|pass|pwd|auth)$/i
/** `scheme://user:password@host`. */
const WITH_PASSWORD = /:\/\/[^/\s:@]*:[^/\s@]+@/
const FLAG = /^--?([A-Za-z][\w.-]*)(=)?/

/** Does what a variable or a flag of this name holds have to stay out of sight? */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/** What may be shown of a value that stands under this name: the value, with secrets in it withheld. */
export function shownOf(name: string, value: Plain): Plain {
  if (typeof value === 'string') return isSecretName(name) || WITH_PASSWORD.test(value) ? WITHHELD : value
  if (Array.isArray(value)) return isSecretName(name) ? WITHHELD : shownArgv(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shownOf(key, inner)]))
}

/** In argv a secret is the rest of its flag, or the item behind it. */
function shownArgv(items: readonly Plain[]): readonly Plain[] {
  let secretFollows = false
  return items.map((item) => {
    const [flag, name = '', equals] = typeof item === 'string' ? (FLAG.exec(item) ?? []) : []
    const isSecret = secretFollows && flag === undefined
    secretFollows = flag !== undefined && equals === undefined && isSecretName(name)
    if (isSecret) return WITHHELD
    return flag !== undefined && equals !== undefined && isSecretName(name) ? `${flag}${WITHHELD}` : shownOf('', item)
  })
}
