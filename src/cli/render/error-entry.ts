import { type ErrorCode, type Fault, nextOf, sentenceOf, specOf } from '../../core/index.ts'
import { type Look, type Meaning, paint } from './paint.ts'
import { hang } from './wrap.ts'

/** An entry of the error registry as programs read it; sentence and next step are made of example facts. */
export function errorEntry(code: ErrorCode) {
  const { status, type, fault, exit, retry, example, about } = specOf(code)
  return {
    code,
    example: sentenceOf(code, example),
    about: about ?? null,
    next: nextOf(code, example),
    fault,
    status,
    type,
    exit,
    retry,
  }
}

const WHO: Readonly<Record<Fault, string>> = Object.freeze({
  client: 'who sent the request',
  operator: 'who runs the daemon',
  engine: 'the engine, or who wrote it',
  host: 'who looks after the host',
  bug: 'the authors of this program: please report it',
})

const RETRY = Object.freeze({
  never: 'sending it again changes nothing',
  later: 'the same may succeed later',
  not_by_itself: 'the same succeeds once somebody has acted',
})

const LABEL_WIDTH = 13

/** For people: what the code means, who has to act and how, and what programs see of it. */
export function renderErrorEntry(code: ErrorCode, look: Look): string {
  const entry = errorEntry(code)
  const rows: readonly Row[] = [
    ['for example', entry.example],
    ['why', entry.about],
    ['what to do', entry.next, 'good'],
    ['who acts', WHO[entry.fault]],
    ['again', RETRY[entry.retry]],
    ['to clients', `HTTP ${entry.status}, ${entry.type}`],
    ['to scripts', `exit code ${entry.exit}`],
  ]
  return renderRows(code, rows, look)
}

/** A class of failures of engines: why one ended, and what can be done about it. */
export function renderFailureClass(name: string, because: string, advice: string, look: Look): string {
  return renderRows(
    name,
    [
      ['why', `An engine ended or never came up: ${because}.`],
      [
        'what to do',
        `${advice.charAt(0).toUpperCase()}${advice.slice(1)}; \`enginehouse explain MODEL\` has the figures.`,
        'good',
      ],
    ],
    look,
  )
}

type Row = readonly [label: string, text: string | null, meaning?: Meaning]

function renderRows(title: string, rows: readonly Row[], look: Look): string {
  const lines = rows.map(([label, text, meaning]) => {
    if (text === null) return ''
    const head = `  ${paint(label.padEnd(LABEL_WIDTH), 'quiet', look)}`
    return hang(head, LABEL_WIDTH + 2, text, look, meaning ?? null)
  })
  return `${paint(title, 'heading', look)}\n${lines.join('')}`
}
