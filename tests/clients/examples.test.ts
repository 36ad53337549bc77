import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { execa } from 'execa'
import { expect, test, type TestContext } from 'vitest'

import { fakeModel, makePlace, startDaemon, type Daemon } from '../support/daemon.ts'
import { RUN_VARIABLE, testRun } from '../support/run.ts'
import { blocks, page, section } from '../unit/docs/pages.ts'

/** Where Node finds the openai package. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** The address that EXAMPLES.md names: the only thing that is changed in what stands there. */
const ADDRESS = '127.0.0.1:8080'
/** A compiler that has nothing cached builds half a standard library first, on two busy cores. */
const COMPILE_LIMIT = 180_000
/** A single file is run since Java 11; this text has blocks of Java 15, and 17 is the next that is kept up. */
const JAVA_HTTP = /^java\.net\.http@(?:1[7-9]|[2-9]\d)/m

const ANSWER = 'w1 w2 w3 w4 w5 w6 w7 w8'
const LINES = [ANSWER, ANSWER, '2 vectors of 16 numbers', 'chat loaded', 'search loaded', '404 model_not_found']

const NODE = [process.execPath, '--input-type=module'] as const

interface Client {
  readonly language: string
  /** Runs a program that comes on stdin, or that is the file `name`. */
  readonly argv: readonly string[]
  readonly name?: string
  /** Ends well, with output that matches, where the program can run. */
  readonly needs: readonly string[]
  readonly version?: RegExp
}

const CLIENTS: Readonly<Record<string, Client>> = {
  'Python, openai package': { language: 'python', argv: ['python3'], needs: ['python3', '-c', 'import openai'] },
  'Python, standard library': { language: 'python', argv: ['python3'], needs: ['python3', '--version'] },
  'Node, openai package': { language: 'js', argv: NODE, needs: [process.execPath, '--version'] },
  'Node, fetch': { language: 'js', argv: NODE, needs: [process.execPath, '--version'] },
  'Go, standard library': { language: 'go', argv: ['go', 'run'], name: 'main.go', needs: ['go', 'version'] },
}

test('every section of the page is run by a test', () => {
  const headings = [...page('EXAMPLES.md').text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
  expect(headings).toEqual(['curl', ...Object.keys(CLIENTS), 'Java, standard library'])
})

test.for(Object.entries(CLIENTS))('%s', { timeout: COMPILE_LIMIT }, async ([heading, client], context) => {
  await skipWithout(context, client.needs)
  const daemon = await open()
  expect((await run(context, daemon, heading, client)).trimEnd().split(/\s*\n/)).toEqual(LINES)
  await daemon.end()
})

test('Java, standard library', { timeout: COMPILE_LIMIT }, async (context) => {
  await skipWithout(context, ['java', '--list-modules'], JAVA_HTTP)
  const daemon = await open()
  const client = { language: 'java', argv: ['java'], name: 'Examples.java', needs: [] }
  const lines = (await run(context, daemon, 'Java, standard library', client)).split('\n')
  const [chat = '', ...events] = lines.slice(0, -3)
  expect(chat).toMatch(new RegExp(`^200 .*"content":"${ANSWER} "`))
  expect(events.length).toBeGreaterThan(8)
  expect(events.at(-1)).toBe('[DONE]')
  expect(lines.slice(-3)).toEqual([
    expect.stringMatching(/^200 .*"embedding":\[/),
    expect.stringMatching(/^200 .*"id":"chat".*"id":"search"/),
    expect.stringMatching(/^404 .*"code":"model_not_found"/),
  ])
  await daemon.end()
})

test('curl', async (context) => {
  await skipWithout(context, ['curl', '--version'])
  const daemon = await open()
  const outputs: string[] = []
  for (const block of codeOf('curl', 'sh', daemon)) outputs.push(await execute(context, ['sh', '-eu'], block))
  const [chat = '', stream = '', embeddings = '', models = '', ...more] = outputs
  const [text = '', pieces = '', loaded = '', stats = '', refused = '', ...others] = more
  expect(others).toEqual([])
  expect(JSON.parse(chat)).toMatchObject({ model: 'chat', choices: [{ message: { content: `${ANSWER} ` } }] })
  expect(stream.match(/^data: \{/gm)?.length).toBeGreaterThan(8)
  expect(stream.trimEnd().split('\n').at(-1)).toBe('data: [DONE]')
  expect(JSON.parse(embeddings)).toMatchObject({ data: [{ index: 0 }, { index: 1 }] })
  expect(JSON.parse(models)).toMatchObject({ data: [{ id: 'chat' }, { id: 'search' }] })
  expect(JSON.parse(text)).toMatchObject({ generated_text: `${ANSWER} `, model: 'chat' })
  expect(pieces.match(/^data: \{/gm)).toHaveLength(9)
  expect(pieces).toContain(`"generated_text":"${ANSWER} "`)
  expect(JSON.parse(loaded)).toMatchObject({ models: [{ model: 'chat' }, { model: 'search' }], count: 2 })
  expect(JSON.parse(stats)).toMatchObject({ hits: 3, misses: 2, loads: 2 })
  expect(refused).toMatch(/^HTTP\/1\.1 404 /)
  expect(refused).toMatch(/^x-should-retry: false\r?$/m)
  expect(refused).toContain('"code":"model_not_found"')
  await daemon.end()
})

function open(): Promise<Daemon> {
  const place = makePlace()
  return startDaemon({ models: { ...fakeModel(place, 'chat'), ...fakeModel(place, 'search') } }, place)
}

/** The fenced blocks below a heading, led to the daemon. */
function codeOf(heading: string, language: string, daemon: Daemon): readonly string[] {
  const found = blocks({ path: '', text: section(page('EXAMPLES.md'), heading) }, language)
  expect(found.length, heading).toBeGreaterThan(0)
  return found.map((block) => {
    expect(block).toContain(ADDRESS)
    return block.replaceAll(ADDRESS, `127.0.0.1:${daemon.port}`)
  })
}

async function run(context: TestContext, daemon: Daemon, heading: string, client: Client): Promise<string> {
  const [code = '', ...others] = codeOf(heading, client.language, daemon)
  expect(others).toEqual([])
  if (client.name === undefined) return execute(context, client.argv, code)
  const file = daemon.place.file(client.name)
  writeFileSync(file, code)
  return execute(context, [...client.argv, file], '')
}

/** stdout of a program that ends well. What it needs of the environment is the host's affair, but for proxies. */
async function execute(context: TestContext, [program = '', ...rest]: readonly string[], input: string) {
  const env = { [RUN_VARIABLE]: testRun(), NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', GOTOOLCHAIN: 'local' }
  const { stdout } = await execa(program, rest, { cwd: ROOT, env, input, cancelSignal: context.signal })
  return stdout
}

/** What the host lacks is a counted skip with its reason. */
async function skipWithout(context: TestContext, [program = '', ...rest]: readonly string[], version = /^/) {
  const { exitCode, stdout } = await execa(program, rest, { cwd: ROOT, reject: false })
  if (exitCode !== 0) context.skip(`${[program, ...rest].join(' ')} does not run here`)
  if (!version.test(stdout)) context.skip(`${program} is too old here`)
}
