import { describe, expect, test } from 'vitest'
import { readAsked } from '../../../../src/gateway/asked.ts'
import { UnreadableAnswer } from '../../../../src/gateway/dialects/dialect.ts'
import type { Dialect } from '../../../../src/gateway/dialects/dialect.ts'
import { generate } from '../../../../src/gateway/dialects/generate.ts'
import { tgi, tgiStream } from '../../../../src/gateway/dialects/tgi.ts'

function ask(body: unknown, dialect: Dialect = generate) {
  return dialect.translate(readAsked(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))))
}

const sentOf = (body: unknown, dialect?: Dialect): unknown => JSON.parse(ask(body, dialect).asked.body.toString())

describe('requests', () => {
  const greedy = { temperature: 0 }
  test.each([
    ['the shortest', { prompt: 'p' }, { prompt: 'p', max_tokens: 100 }],
    [
      'all of the seed',
      { model: 'm', prompt: 'p', max_length: 5, temperature: 0.5, top_p: 0.9, stream: false },
      { prompt: 'p', max_tokens: 5, temperature: 0.5, top_p: 0.9 },
    ],
    [
      'a stream, whose usage is asked for',
      { prompt: 'p', stream: true },
      { prompt: 'p', max_tokens: 100, stream: true, stream_options: { include_usage: true } },
    ],
    ['inputs', { inputs: 'i' }, { prompt: 'i', max_tokens: 100, ...greedy }],
    ['inputs with null parameters', { inputs: 'i', parameters: null }, { prompt: 'i', max_tokens: 100, ...greedy }],
    [
      'parameters',
      {
        inputs: 'i',
        parameters: {
          max_new_tokens: 7,
          temperature: 0.2,
          top_k: 3,
          top_p: 0.8,
          repetition_penalty: 1.1,
          seed: 4,
          stop: ['x'],
        },
      },
      {
        prompt: 'i',
        max_tokens: 7,
        temperature: 0.2,
        top_k: 3,
        top_p: 0.8,
        repetition_penalty: 1.1,
        repeat_penalty: 1.1,
        seed: 4,
        stop: ['x'],
      },
    ],
    [
      'what clients send to ask for nothing',
      {
        inputs: 'i',
        parameters: {
          best_of: 1,
          watermark: false,
          truncate: null,
          stop: [],
          decoder_input_details: false,
          details: false,
        },
      },
      { prompt: 'i', max_tokens: 100, ...greedy },
    ],
    ['sampling by name', { inputs: 'i', parameters: { do_sample: true } }, { prompt: 'i', max_tokens: 100 }],
  ])('%s', (_, body, sent) => {
    expect(sentOf(body)).toEqual(sent)
  })

  test('pass on numbers and texts as they were written', () => {
    const { asked } = ask(
      '{"inputs":"\\u00e9 \\ud83d\\ude00","parameters":{"seed":9007199254740993,"temperature":1e-1}}',
    )
    const text = asked.body.toString()
    expect(text).toContain('"seed":9007199254740993')
    expect(text).toContain('"temperature":1e-1')
    expect(text).toContain('"prompt":"\\u00e9 \\ud83d\\ude00"')
  })

  test('of TGI’s own routes stream by the route', () => {
    expect([ask({ inputs: 'i' }, tgi).asked.stream, ask({ inputs: 'i' }, tgiStream).asked.stream]).toEqual([
      false,
      true,
    ])
    expect(sentOf({ inputs: 'i' }, tgiStream)).toMatchObject({ stream: true })
  })

  test.each([
    [{}, 'prompt'],
    [{ prompt: 'p', inputs: 'i' }, 'prompt'],
    [{ prompt: ['p'] }, 'prompt'],
    [{ prompt: null }, 'prompt'],
    [{ prompt: 'p', max_length: 0 }, 'max_length'],
    [{ prompt: 'p', max_length: 1.5 }, 'max_length'],
    [{ prompt: 'p', max_length: '5' }, 'max_length'],
    [{ prompt: 'p', temperature: -1 }, 'temperature'],
    [{ prompt: 'p', temperature: true }, 'temperature'],
    [{ prompt: 'p', top_p: 2 }, 'top_p'],
    [{ prompt: 'p', max_tokens: 5 }, 'max_tokens'],
    [{ inputs: 'i', parameters: [] }, 'parameters'],
    [{ inputs: 'i', parameters: { max_tokens: 5 } }, 'parameters.max_tokens'],
    [{ inputs: 'i', parameters: { best_of: 2 } }, 'parameters.best_of'],
    [{ inputs: 'i', parameters: { grammar: { type: 'json' } } }, 'parameters.grammar'],
    [{ inputs: 'i', parameters: { stop: 'x' } }, 'parameters.stop'],
    [{ inputs: 'i', parameters: { details: 1 } }, 'parameters.details'],
    [{ inputs: 7 }, 'inputs'],
  ])('%j is refused by the name %s', (body, param) => {
    expect(() => ask(body)).toThrow(
      expect.objectContaining({ code: 'parameter_invalid', facts: expect.objectContaining({ param }) }),
    )
  })
})

const ENGINE = {
  object: 'text_completion',
  choices: [{ index: 0, text: ' there', finish_reason: 'length' }],
  usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 },
}

describe('whole answers', () => {
  const answer = (body: unknown, engine: unknown = ENGINE): unknown =>
    JSON.parse(
      ask(body)
        .answer('m')
        .whole(Buffer.from(JSON.stringify(engine))),
    )

  test('of the seed', () => {
    expect(answer({ prompt: 'p' })).toEqual({
      generated_text: ' there',
      model: 'm',
      usage: { prompt_tokens: 2, completion_tokens: 3 },
    })
  })

  test('of TGI, with details where they are asked for', () => {
    expect(answer({ inputs: 'i' })).toEqual({ generated_text: ' there' })
    expect(answer({ inputs: 'h\u00ed', parameters: { return_full_text: true, details: true, seed: 4 } })).toEqual({
      generated_text: 'h\u00ed there',
      details: { finish_reason: 'length', generated_tokens: 3, seed: 4, prefill: [], tokens: [] },
    })
  })

  test.each([
    ['stop', null, 'eos_token'],
    ['stop', 'x', 'stop_sequence'],
    ['length', null, 'length'],
  ])('the end %s (%s) is %s', (finish_reason, stop_reason, finish) => {
    const engine = { ...ENGINE, choices: [{ text: 'a', finish_reason, stop_reason }] }
    expect(answer({ inputs: 'i', parameters: { details: true } }, engine)).toMatchObject({
      details: { finish_reason: finish },
    })
  })

  test.each([['[]'], ['{"choices":[]}'], ['{"choices":[{"message":{}}]}'], ['{"ch'], ['null']])(
    '%s is none',
    (text) => {
      expect(() => ask({ prompt: 'p' }).answer('m').whole(Buffer.from(text))).toThrow(UnreadableAnswer)
    },
  )
})

describe('streams', () => {
  const event = (data: unknown): string => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
  const piece = (text: string, finish_reason: string | null = null) => event({ choices: [{ text, finish_reason }] })
  const engine =
    ': hello\n\n' +
    piece('a\u00e9') +
    piece('\u{1f600}') +
    piece('', 'stop') +
    event({ choices: [], usage: { prompt_tokens: 2, completion_tokens: 3 } }) +
    event('[DONE]')

  function read(body: unknown, pieces: readonly Buffer[]): unknown[] {
    const answer = ask(body).answer('m')
    const text = pieces.map((bytes) => answer.piece(bytes)).join('') + (answer.end() ?? 'TRUNCATED')
    return text
      .split('\n\n')
      .filter((each) => each !== '')
      .map((each) => (each.startsWith('data: {') ? (JSON.parse(each.slice(6)) as unknown) : each))
  }

  const seedEvents = [
    { index: 1, token: { text: 'a\u00e9' }, generated_text: null },
    { index: 2, token: { text: '\u{1f600}' }, generated_text: null },
    {
      index: 3,
      token: { text: '' },
      generated_text: 'a\u00e9\u{1f600}',
      model: 'm',
      usage: { prompt_tokens: 2, completion_tokens: 3 },
    },
  ]

  test('of the seed are the same however the bytes are cut', () => {
    const bytes = Buffer.from(engine)
    expect(read({ prompt: 'p' }, [bytes])).toEqual(seedEvents)
    expect(
      read(
        { prompt: 'p' },
        [...bytes].map((byte) => Buffer.of(byte)),
      ),
    ).toEqual(seedEvents)
    expect(read({ prompt: 'p' }, [Buffer.from(engine.replaceAll('\n', '\r\n'))])).toEqual(seedEvents)
  })

  test('of TGI end with a special token, the whole text and the details', () => {
    const events = read({ inputs: 'i', parameters: { details: true } }, [Buffer.from(engine)])
    expect(events[0]).toEqual({
      index: 1,
      token: { id: 0, text: 'a\u00e9', logprob: null, special: false },
      generated_text: null,
      details: null,
    })
    expect(events.at(-1)).toEqual({
      index: 3,
      token: { id: 0, text: '', logprob: null, special: true },
      generated_text: 'a\u00e9\u{1f600}',
      details: { finish_reason: 'eos_token', generated_tokens: 3, seed: null, input_length: 2 },
    })
  })

  test('that stop short say so; one whose end was said is whole without [DONE]', () => {
    expect(read({ prompt: 'p' }, [Buffer.from(piece('a'))]).at(-1)).toBe('TRUNCATED')
    expect(read({ prompt: 'p' }, [])).toEqual(['TRUNCATED'])
    expect(read({ prompt: 'p' }, [Buffer.from(piece('a', 'length').trimEnd())]).at(-1)).toMatchObject({
      generated_text: 'a',
    })
  })

  test('an error of the engine is the last thing that comes', () => {
    const error = { error: { message: 'slot lost', code: 500 } }
    const events = read({ prompt: 'p' }, [Buffer.from(piece('a') + event(error) + piece('b'))])
    expect(events).toEqual([seedEvents[0] && { ...seedEvents[0], token: { text: 'a' } }, error])
  })

  test('what is no event of a completion is not passed off as one', () => {
    expect(() => ask({ prompt: 'p' }).answer('m').piece(Buffer.from('data: {"x\n\n'))).toThrow(UnreadableAnswer)
    expect(() =>
      ask({ prompt: 'p' })
        .answer('m')
        .piece(Buffer.alloc(1024 * 1024 + 1, 'x')),
    ).toThrow(UnreadableAnswer)
  })
})
