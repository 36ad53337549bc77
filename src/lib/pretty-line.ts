import { escapeControl } from './escape-control.ts'

/** Fields of a log line that are shown elsewhere in it, or say nothing on a terminal. */
const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'pid', 'hostname'])

/**
 * One JSON log line as one line for people: `12:03:04 warn  the sentence  model=qwen`, or with the date before it. What
 * is not JSON passes as it is.
 */
export function prettyLine(line: string, time: 'clock' | 'date' = 'clock'): string {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return `${escapeControl(line.trimEnd())}\n`
  }
  if (typeof entry !== 'object' || entry === null) return `${escapeControl(line.trimEnd())}\n`
  const fields = entry as Record<string, unknown>
  const said = typeof fields['time'] === 'string' ? fields['time'].slice(0, 19).replace('T', ' ') : ''
  const at = time === 'date' ? said : said.slice(11)
  const level = String(fields['level'] ?? '').padEnd(5)
  let text = `${at} ${level} ${String(fields['msg'] ?? '')}`
  for (const [key, value] of Object.entries(fields)) {
    if (!SHOWN_ELSEWHERE.has(key)) text += `  ${key}=${show(value)}`
  }
  return `${escapeControl(text)}\n`
}

function show(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message)
  return JSON.stringify(value) ?? 'undefined'
}
