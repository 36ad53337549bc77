import type { Finding, Verdict } from '../doctor/finding.ts'
import { type Look, type Meaning, paint, plain } from './paint.ts'
import { hang } from './wrap.ts'

const MEANINGS: Readonly<Record<Verdict, Meaning>> = Object.freeze({ pass: 'good', warn: 'busy', fail: 'bad' })
/** A line per finding, what to do below it, and the counts. */
export function renderDoctor(findings: readonly Finding[], look: Look): string {
  const longest = Math.max(0, ...findings.map(({ check }) => check.length))
  const lines = findings.map((finding) => renderFinding(finding, longest, look)).join('')
  return `${lines}\n${renderCounts(findings)}\n`
}

function renderFinding({ check, verdict, found, fix }: Finding, longest: number, look: Look): string {
  const indent = verdict.length + longest + 4
  const head = `${paint(verdict, MEANINGS[verdict], look)}  ${check.padEnd(longest)}  `
  const below = fix === null ? '' : hang(' '.repeat(indent + 2), indent + 2, plain(fix), look)
  return hang(head, indent, plain(found), look) + below
}

function renderCounts(findings: readonly Finding[]): string {
  const count = (verdict: Verdict): number => findings.filter((finding) => finding.verdict === verdict).length
  return `${count('pass')} passed, ${count('warn')} to look at, ${count('fail')} failed`
}
