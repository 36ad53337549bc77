import { ANSWER_ERRORS } from '../../src/core/errors/answers.ts'
import { ENGINE_ERRORS } from '../../src/core/errors/engines.ts'
import { MANIFEST_ERRORS } from '../../src/core/errors/manifest.ts'
import { OPERATOR_ERRORS } from '../../src/core/errors/operators.ts'
import { REQUEST_ERRORS } from '../../src/core/errors/requests.ts'
import {
  EnginehouseError,
  type ErrorCode,
  ERRORS,
  EXIT,
  type Fault,
  isErrorCode,
  nextOf,
  PERMANENT,
  sentenceOf,
  specOf,
} from '../../src/core/index.ts'
import { errorBody } from '../../src/gateway/refusal.ts'
import { FAILED_BECAUSE, LEFT_BECAUSE } from '../../src/journal/phrases.ts'
import { TRIED_AT_ONCE } from '../../src/scheduler/index.ts'
import { code, fenced, NOTICE, paragraphs, sentence, table } from './markdown.ts'

/** The registry by who meets an error, in its own order. */
const GROUPS = Object.freeze([
  { heading: 'What a client sent', errors: REQUEST_ERRORS },
  { heading: 'Between a request and its answer', errors: ANSWER_ERRORS },
  { heading: 'The daemon and its commands', errors: OPERATOR_ERRORS },
  { heading: 'Engines and weights', errors: ENGINE_ERRORS },
  { heading: 'The manifest', errors: MANIFEST_ERRORS },
])

const WHOSE: Readonly<Record<Fault, string>> = Object.freeze({
  client: 'the client',
  operator: 'who runs the daemon',
  engine: 'the engine',
  host: 'the host',
  bug: 'Enginehouse',
})

const AGAIN = Object.freeze({
  never: 'the same request fails again',
  later: 'the same request may succeed later',
  not_by_itself: 'the same request fails until something is changed',
})

export function errorsPage(): string {
  return paragraphs(
    NOTICE,
    '# Errors',
    'Every error of the program: its code, what it says (with facts of an example), what brings it about where the ' +
      'sentence does not tell, and what to do. A code is for good. Who starts from a symptom ' +
      'reads [troubleshooting](../guide/troubleshooting.md).',
    'Clients get the status and a body of this shape; `x-should-retry: false` comes with those of which the same request ' +
      'cannot succeed by itself, `retry-after` with the others. Act on `code`, which stays; `message` is for people.',
    fenced('json', exampleBody()),
    'Commands print the sentence and what to do on stderr (with `--json` on stdout, as one line) and end with the exit ' +
      'code.',
    ...GROUPS.flatMap(({ heading, errors }) => [`## ${heading}`, ...codesOf(errors).map(entry)]),
    '## Why an engine failed',
    'The class that `model_failed`, `status` and `explain` give. What would only repeat itself is tried once.',
    table(
      ['class', 'what happened', 'tried again by itself'],
      Object.entries(FAILED_BECAUSE).map(([name, words]) => [code(name), sentence(words), triedAgain(name)]),
    ),
    '## Why a model left memory',
    'The reasons of events, `explain` and `enginehouse_model_unloads_total`.',
    table(
      ['reason', 'what happened'],
      Object.entries(LEFT_BECAUSE).map(([name, words]) => [code(name), sentence(words)]),
    ),
  )
}

function triedAgain(name: string): string {
  if ([...PERMANENT].some((each) => each === name)) return 'no'
  const atOnce = Object.entries(TRIED_AT_ONCE).find(([each]) => each === name)?.[1] ?? 0
  if (atOnce === 0) return 'yes, after a growing pause'
  return `yes, ${atOnce === 1 ? 'once' : `${atOnce} times`} at once, then after a growing pause`
}

/** Every code with what it says and what to do, for those who come with a message and not with a code. */
export function troubleshootingTable(): string {
  const parts = GROUPS.map(({ heading, errors }) => {
    const rows = codesOf(errors).map((each) => {
      const { example } = specOf(each)
      return [sentenceOf(each, example), nextOf(each, example), `[${code(each)}](../reference/errors.md#${each})`]
    })
    return paragraphs(`### ${heading}`, table(['it says, for example', 'do this', 'code'], rows))
  })
  return paragraphs(parts)
}

function exampleBody(): string {
  const { example } = ERRORS.model_not_found
  return JSON.stringify(JSON.parse(errorBody(new EnginehouseError('model_not_found', example))), null, 2)
}

function entry(each: ErrorCode): string {
  const { status, exit, fault, retry, example, about } = specOf(each)
  return paragraphs(
    `### ${each}`,
    `> ${sentenceOf(each, example)}`,
    ...(about === undefined ? [] : [about]),
    `Do: ${nextOf(each, example)}`,
    `Status ${status}, exit code ${exit} (${exitName(exit)}). To be mended by ${WHOSE[fault]}; ${AGAIN[retry]}.`,
  )
}

function codesOf(errors: object): readonly ErrorCode[] {
  return Object.keys(errors).filter(isErrorCode)
}

function exitName(exit: number): string {
  const [name = ''] = Object.entries(EXIT).find(([, value]) => value === exit) ?? []
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
