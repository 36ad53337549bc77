import type { ProgramFacts, ProgramProbe } from './contract.ts'

/** Runs the engine's program with these arguments. */
export type AskProgram = (
  args: readonly string[],
) => Promise<{ readonly text: string; readonly problem: string | null }>

/** `version: 4719 (7b8443ac7)`, `0.32.0+cpu` by itself, or `text-generation-launcher 3.3.7`. */
const SAID = [/^version:?\s+(.+)$/im, /^v?(\d+\.\d+\S*)$/m, /^[\w-]+ v?(\d+\.\d+\S*)$/m] as const

/** The version in what `--version` prints; null when it says nothing of the kind. */
export function readVersion(text: string): string | null {
  const found = SAID.map((pattern) => pattern.exec(text)?.[1]?.trim())
  return found.find((version) => version !== undefined) ?? null
}

/** Both questions at once: a program that imports for long does so only once. */
export async function probe(questions: ProgramProbe | null, ask: AskProgram): Promise<ProgramFacts> {
  const [version, help] = await Promise.all([ask(['--version']), questions && ask(questions.help)])
  const flags = help === null || help.problem !== null ? null : (questions?.readFlags(help.text) ?? null)
  return {
    version: readVersion(version.text),
    flags: flags === null || flags.size === 0 ? null : flags,
    problem: version.problem,
  }
}

/** Of these flags those that the program does not know. */
export function unknownFlags(
  { spelling }: Pick<ProgramProbe, 'spelling'>,
  known: ReadonlySet<string>,
  flags: readonly string[],
): readonly string[] {
  const isKnown = (written: string): boolean => {
    const [text = ''] = written.split('=', 1)
    const flag = text.startsWith('--') ? text.replaceAll('_', '-') : text
    if (known.has(flag)) return true
    if (spelling === 'whole') return false
    const [name = ''] = flag.split('.', 1)
    if (name.startsWith('--')) return known.has(name) || [...known].some((each) => each.startsWith(name))
    // A letter may have its value right behind it: `-O3`.
    return known.has(name) || known.has(flag.slice(0, 2))
  }
  return flags.filter((flag) => !isKnown(flag))
}
