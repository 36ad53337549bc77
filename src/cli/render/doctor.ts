import type { Finding, Verdict } from '../doctor/finding.ts'
import { lengthOf, type Look, type Meaning, paint, plain } from './paint.ts'

const MEANINGS: Readonly<Record<Verdict, Meaning>> = Object.freeze({ pass: 'good', warn: 'busy', fail: 'bad' })
/** A text column that is narrower than this is not wrapped: it would be a word per line. */
const TEXT_MIN = 24

/** A line per finding, what to do below it, and the counts. */
export function renderDoctor(findings: readonly Finding[], look: Look): string {
  const longest = Math.max(0, ...findings.map(({ check }) => check.length))
  const lines = findings.map((finding) => renderFinding(finding, longest, look)).join('')
  return `${lines}\n${renderCounts(findings)}\n`
}

function renderFinding({ check, verdict, found, fix }: Finding, longest: number, look: Look): string {
  const indent = verdict.length + longest + 4
  const room = look.width === null ? Number.POSITIVE_INFINITY : look.width - indent
  const texts = [
    ...wrap(plain(found), room),
    ...(fix === null ? [] : wrap(plain(fix), room - 2).map((line) => `  ${line}`)),
  ]
  const head = `${paint(verdict, MEANINGS[verdict], look)}  ${check.padEnd(longest)}  `
  return texts.map((text, index) => `${index === 0 ? head : ' '.repeat(indent)}${text}\n`).join('')
}

function renderCounts(findings: readonly Finding[]): string {
  const count = (verdict: Verdict): number => findings.filter((finding) => finding.verdict === verdict).length
  return `${count('pass')} passed, ${count('warn')} to look at, ${count('fail')} failed`
}

/** Lines of whole words; a word that is longer than a line stands alone. */
function wrap(text: string, width: number): readonly string[] {
  if (width < TEXT_MIN) return [text]
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || lengthOf(last) + 1 + lengthOf(word) > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
