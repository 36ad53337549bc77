import { z } from 'zod'
import { listOf, text } from './leaves.ts'
import type { IssueNotes } from './leaves.ts'

/** Where an `exec` source's argv says that the file is to be written. */
export const DEST_MACRO = '{dest}'

const EXPECTED = 'file:PATH, { exec: [argv with {dest}], sha256: … }, or a list of these'

/** Sources as written: a path is still relative to the manifest. */
export type WrittenSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'exec'; readonly argv: readonly string[]; readonly sha256: string }

const file = z
  .string({ error: EXPECTED })
  .transform((written, context): WrittenSource => {
    const path = filePathOf(written)
    if (path !== undefined) return { kind: 'file', path }
    context.issues.push({ code: 'custom', message: EXPECTED, input: written, params: notesOn(written) })
    return z.NEVER
  })
  .meta({ pattern: '^file:', description: 'A file, from the root or from where the manifest is.' })

const exec = z
  .strictObject(
    {
      exec: argv('an argv list that has {dest}, such as [python3, fetch.py, "{dest}"]').refine(
        (parts) => parts.some((part) => part.includes(DEST_MACRO)),
        { error: 'an argv list that has {dest}, where the command writes the file' },
      ),
      sha256: text('the 64 hex digits of the file').transform((digits, context) => {
        if (/^[0-9a-f]{64}$/i.test(digits)) return digits.toLowerCase()
        context.issues.push({ code: 'custom', message: 'the 64 hex digits of the file', input: digits })
        return z.NEVER
      }),
    },
    { error: EXPECTED },
  )
  .transform((source): WrittenSource => ({ kind: 'exec', argv: source.exec, sha256: source.sha256 }))

const one = z.union([file, exec], { error: EXPECTED })

export const source = z
  .union([one, listOf(one, EXPECTED)], { error: EXPECTED })
  .transform((sources): readonly WrittenSource[] => (Array.isArray(sources) ? sources : [sources]))

/** A program and its arguments, each an item; never a line for a shell. */
export function argv(expected: string) {
  return listOf(text('text'), expected).refine((parts) => parts[0] !== '', { error: expected })
}

/** Undefined for what is not `file:` with a path. `file:///srv/x` is what other tools write for `file:/srv/x`. */
function filePathOf(written: string): string | undefined {
  if (!written.startsWith('file:')) return undefined
  const path = written.slice('file:'.length).replace(/^\/\/(?=\/)/, '')
  // `~` belongs to a shell, and `//host/x` names another machine.
  return path === '' || path.startsWith('~') || path.startsWith('//') ? undefined : path
}

function notesOn(written: string): { readonly [key: string]: unknown } {
  if (written.startsWith('hf:')) return { later: 'a source hf:' } satisfies IssueNotes
  if (/^https?:/i.test(written)) return { later: 'a source https:' } satisfies IssueNotes
  const isPath = written.startsWith('/') || written.startsWith('.') || written.endsWith('.gguf')
  return (isPath && !written.includes(':') ? { nearest: [`file:${written}`] } : {}) satisfies IssueNotes
}
