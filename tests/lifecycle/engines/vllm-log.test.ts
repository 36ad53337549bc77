import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect, onTestFinished, test } from 'vitest'

import { vllm } from '../../../engines/vllm/adapter.ts'
import type { EngineEvent } from '../../../src/engine/index.ts'
import { writeWeightsDirectory } from '../../fixtures/safetensors.ts'
import { untilFakeEvent } from '../../support/fake-programs.ts'
import { testEnvironment } from '../../support/run.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const FAKE = fileURLToPath(new URL('../../fixtures/fake-vllm.mjs', import.meta.url))

/** What a real one wrote, by the title of each part. */
const RECORDED = new Map(
  readFileSync(new URL('../../fixtures/vllm-0.32.0-run.log', import.meta.url), 'utf8')
    .split('# == ')
    .slice(1)
    .map((part) => {
      const [title = '', ...lines] = part.trimEnd().split('\n')
      return [title, lines] as const
    }),
)

function recorded(title: string): readonly string[] {
  const lines = RECORDED.get(title)
  if (!lines) throw new Error(`nothing was recorded of: ${title}`)
  return lines
}

/** A line without what differs from run to run; the place in the source that it names stays. */
function form(line: string): string {
  return line
    .replace(/ …$/, '')
    .replace(/pid=\d+/, 'pid=N')
    .replace(/\d\d-\d\d \d\d:\d\d:\d\d/, 'WHEN')
    .replaceAll(/\/[\w./-]+[\w/]/g, 'PATH')
    .replaceAll(/(?<!\.py:\d*)\d[\d.,]*/g, 'N')
}

/** Runs the fake until it ends, after `disturb` has done something to it, and returns its lines. */
async function linesOf(context: number, disturb: (record: string) => Promise<void>): Promise<readonly string[]> {
  const directory = temporaryDirectory()
  const record = `${directory}/record`
  const weights = writeWeightsDirectory(`${directory}/weights`)
  const argv = [FAKE, 'serve', weights, '--max-model-len', String(context), '--uds', `${directory}/socket`]
  const env = testEnvironment({ FAKE_VLLM: `--record ${record}`, SPT_NOENV: '1' })
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (text += piece.toString()))
  const closed = new Promise((resolve) => child.once('close', resolve))
  await disturb(record)
  await closed
  return text.split(/[\r\n]+/).filter((line) => line !== '')
}

test.each([
  [
    'ready, then its core is killed',
    1024,
    async (record: string) => {
      await untilFakeEvent(record, 'ready')
      const [core, worker] = [await untilFakeEvent(record, 'core'), await untilFakeEvent(record, 'worker')]
      process.kill(core.pid, 'SIGKILL')
      process.kill(worker.pid, 'SIGKILL')
    },
  ],
  ['a context that the model does not have', 4096, async () => undefined],
] as const)('the fake says nothing that a real one does not: %s', async (title, context, disturb) => {
  const said = await linesOf(context, disturb)
  expect(said.length).toBeGreaterThan(2)
  const real = recorded(title).map(form)
  // A long line of the real one goes on where the fake's ends.
  const strange = said.filter((line) => !real.some((each) => each.startsWith(form(line.replace(/'…'$/, "'")))))
  expect(strange).toEqual([])
})

test('the adapter hears each step of a recorded start, in order', () => {
  const events = recorded('ready, then its core is killed').flatMap((line) => vllm.parseLine(line) ?? [])
  const words = (event: EngineEvent): string => {
    if (event.kind === 'phase') return event.name
    return event.kind === 'capacity' ? `capacity ${event.tokens}` : event.kind
  }
  expect(events.map(words)).toEqual([
    'starting the engine',
    'loading weights',
    'progress',
    'progress',
    'memory',
    'capacity 2048',
    'warmed up',
    'opening the server',
    'listening',
  ])
})

test.each([
  ['ready, then its core is killed', 0, 'engine_dead', /EngineDeadError/],
  ['a context that the model does not have', 1, 'bad_config', /asks for 65536 tokens, and the model was made for 2048/],
  ['a claim that is too small for one request', 1, 'kv_too_small', /set `context: 1920` or less/],
] as const)('the adapter knows why it ended: %s', (title, code, failure, message) => {
  const ended = vllm.classifyExit({ code, signal: null }, recorded(title))
  expect(ended).toEqual({ class: failure, message: expect.stringMatching(message) })
})
