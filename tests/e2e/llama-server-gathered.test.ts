import { beforeAll, describe, expect, onTestFinished, test, type TestContext } from 'vitest'

import type { TinyGgufOptions } from '../fixtures/tiny-gguf.ts'
import { TOOL_ANSWER, TOOL_TEMPLATE, TOOLS } from '../fixtures/tool-template.ts'
import { startHouse } from '../gateway/support/house.ts'
import { launchLlamaServer } from '../support/llama-launch.ts'
import { installLlamaServer } from '../support/llama-server.ts'

/*
 * The real engine gives plain answers itself, and streams that the gateway gathers: both must come to the same. What an
 * engine makes up anew for each answer is left out.
 */

const INSTALL_LIMIT = 10 * 60_000
const KEY = 'engine-key'
const SAME = { temperature: 0, seed: 1, cache_prompt: false }

beforeAll(() => installLlamaServer().then(() => undefined), INSTALL_LIMIT)

async function setScene(context: TestContext, gguf: TinyGgufOptions = {}) {
  const { ask, address, plan } = await launchLlamaServer(context, { parallel: 2, context: 1024 }, { key: KEY, gguf })
  const house = await startHouse({ address })
  onTestFinished(() => house.close())
  house.admission.plainAnswers = plan.plainAnswers
  house.admission.reuse = plan.reuse
  house.admission.servedName = plan.servedName
  return async (path: string, body: Readonly<Record<string, unknown>>) => {
    const asked = { ...SAME, ...body }
    const plain = await ask(path, asked)
    const answer = await fetch(house.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...asked, model: 'm' }),
    })
    const text = await answer.text()
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(text)))
    expect({ status: answer.status, body: comparable(JSON.parse(text)) }).toEqual({
      status: plain.status,
      body: comparable(plain.body),
    })
    return { status: answer.status, body: JSON.parse(text) as Answer }
  }
}

interface Message {
  readonly content: string | null
  readonly reasoning_content?: string
  readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: string } }[]
}

interface Answer {
  readonly choices: readonly { readonly finish_reason: string; readonly text?: string; readonly message: Message }[]
  readonly usage: Readonly<Record<string, unknown>>
  readonly timings: Readonly<Record<string, unknown>>
}

/** The same in both; the times are looked at by their names. Two of the routes keep the prompt, whatever is asked. */
function comparable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, each: unknown) => {
    if (key === 'timings' && typeof each === 'object' && each !== null) return Object.keys(each)
    if (key === 'usage') return inputAtAll(each as Readonly<Record<string, number>>)
    if (NEW_EACH_TIME.has(key)) return typeof each
    return each
  })
}

const NEW_EACH_TIME: ReadonlySet<string> = new Set([
  'id',
  'call_id',
  'created',
  'created_at',
  'completed_at',
  'cached_tokens',
])

function inputAtAll({ cache_read_input_tokens: cached, ...usage }: Readonly<Record<string, number>>): unknown {
  return cached === undefined ? usage : { ...usage, input_tokens: cached + (usage['input_tokens'] ?? 0) }
}

const messages = [{ role: 'user', content: 'Paint the wall.' }]
const CHAT = '/v1/chat/completions'
const TEXT = '/v1/completions'
const MESSAGES = '/v1/messages'
const RESPONSES = '/v1/responses'
const schema = { type: 'object', properties: { colour: { enum: ['red', 'blue'] } }, required: ['colour'] }

describe('a gathered answer is the plain one', () => {
  test('of a model that says anything', async (context) => {
    const both = await setScene(context)
    const long = await both(CHAT, { messages, max_tokens: 40 })
    expect(long.body.choices[0]?.message.content).toHaveLength(40)
    expect(long.body.usage['completion_tokens']).toBe(40)
    expect(long.body.timings['predicted_n']).toBe(40)
    await both(CHAT, { messages, max_tokens: 3, stream: false })
    await both(CHAT, { messages, max_tokens: 3, stream: null, n: 2 })
    expect((await both(CHAT, { messages, stop: ['z'] })).body.choices[0]?.message.content).toBe('')
    await both(TEXT, { prompt: 'Once', max_tokens: 12 })
    await both(TEXT, { prompt: ['Once', 'Twice'], max_tokens: 3 })
    await both(TEXT, { prompt: 'Once', max_tokens: 4, timings_per_token: true })
  })

  test('of a model that is held to a schema', async (context) => {
    const both = await setScene(context, { template: TOOL_TEMPLATE })
    const format = { type: 'json_schema', json_schema: { name: 'colour', schema } }
    const held = await both(CHAT, { messages, max_tokens: 60, response_format: format })
    expect(JSON.parse(held.body.choices[0]?.message.content ?? '')).toEqual({
      colour: expect.stringMatching(/^(red|blue)$/) as string,
    })
  })

  test('of a model that thinks, talks and calls tools', async (context) => {
    const both = await setScene(context, { says: TOOL_ANSWER, template: TOOL_TEMPLATE })
    const called = await both(CHAT, { messages, tools: TOOLS, parallel_tool_calls: true })
    const [choice] = called.body.choices
    expect(choice?.finish_reason).toBe('tool_calls')
    expect(choice?.message.reasoning_content?.trim()).toBe('The wall is bare.')
    expect(choice?.message.content).toContain('🎉')
    expect(choice?.message.tool_calls?.map((call) => JSON.parse(call.function.arguments))).toEqual([
      { colour: 'red', n: 12 },
      { colour: 'blue', n: 9007199254740991 },
    ])
    await both(CHAT, { messages })
    await both(CHAT, { messages, tools: TOOLS, max_tokens: 8 })
    await both(CHAT, { messages, reasoning_format: 'deepseek-legacy' })
  })

  test('of a model that calls a tool without a word', async (context) => {
    const both = await setScene(context, { says: TOOL_ANSWER.slice(6, 11), template: TOOL_TEMPLATE })
    const { body } = await both(CHAT, { messages, tools: TOOLS })
    expect(body.choices[0]?.message.tool_calls).toHaveLength(1)
  })

  test('of Anthropic’s Messages', async (context) => {
    const both = await setScene(context, { says: TOOL_ANSWER, template: TOOL_TEMPLATE })
    const tools = TOOLS.map(({ function: { parameters, ...tool } }) => ({ ...tool, input_schema: parameters }))
    const asked = { messages, max_tokens: 200 }
    expect((await both(MESSAGES, { ...asked, tools })).body).toMatchObject({
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking' },
        { type: 'text', text: 'I paint: 🎉 ' },
        { type: 'tool_use', input: { colour: 'red', n: 12 } },
        { type: 'tool_use', input: { colour: 'blue', n: 9007199254740991 } },
      ],
    })
    await both(MESSAGES, asked)
    for (const limit of [3, 5, 8, 10, 14]) await both(MESSAGES, { ...asked, tools, max_tokens: limit })
  })

  test('of Responses', async (context) => {
    const both = await setScene(context, { says: TOOL_ANSWER, template: TOOL_TEMPLATE })
    const tools = TOOLS.map((tool) => ({ ...tool.function, type: 'function' }))
    const { body } = await both(RESPONSES, { input: 'Paint the wall.', tools })
    expect(body).toMatchObject({
      status: 'completed',
      output: [{ type: 'reasoning' }, { type: 'message' }, { type: 'function_call' }, { type: 'function_call' }],
    })
    await both(RESPONSES, { input: 'Paint the wall.', max_output_tokens: 5 })
    await both(RESPONSES, { messages })
    await both(RESPONSES, { input: 'x'.repeat(4000) })
  })

  test('of Messages and Responses that say nothing', async (context) => {
    const both = await setScene(context)
    await both(MESSAGES, { messages, max_tokens: 40 })
    await both(MESSAGES, { messages, max_tokens: 40, stop_sequences: ['a', 'e', 'i', 'o', 'u', 'z'] })
    await both(RESPONSES, { input: 'Once', max_output_tokens: 40 })
    await both(RESPONSES, { input: 'Once', stop: ['a', 'e', 'i', 'o', 'u', 'z'], max_output_tokens: 40 })
  })

  test('where it is an error', async (context) => {
    const both = await setScene(context)
    const wrong = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'nonsense' } } }
    for (const [path, body, status] of [
      [CHAT, { messages: 'none' }, 400],
      [CHAT, { messages, response_format: wrong }, 400],
      [CHAT, { messages, tools: TOOLS, grammar: 'root ::= "a"' }, 400],
      [CHAT, { messages, n: 3 }, 400],
      [TEXT, { prompt: 'x'.repeat(4000) }, 400],
    ] as const) {
      expect((await both(path, body)).status, JSON.stringify(body).slice(0, 80)).toBe(status)
    }
  })

  test('where the client asked for what a stream leaves out', async (context) => {
    const both = await setScene(context)
    const { body } = await both(CHAT, { messages, max_tokens: 3, logprobs: true, top_logprobs: 2 })
    expect(body.choices[0]).toMatchObject({ logprobs: { content: [{}, {}, {}] } })
    await both(TEXT, { prompt: 'Once', max_tokens: 3, logprobs: 1 })
    await both(CHAT, { messages, max_tokens: 3, logprobs: false })
    await both(CHAT, { messages, max_tokens: 3, stream_options: { include_usage: true } })
    await both(CHAT, { messages, max_tokens: 3, return_progress: true })
  })
})
