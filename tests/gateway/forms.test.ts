import { describe, expect, test } from 'vitest'
import type { Capability } from '../../src/core/index.ts'
import { modelView } from './support/house.ts'
import type { House } from './support/house.ts'
import { jsonAnswer } from './support/raw-engine.ts'
import type { SeenRequest } from './support/raw-engine.ts'
import { errorOf, setScene } from './support/scene.ts'

const PATH = '/v1/audio/transcriptions'
/** Has what would end a part, were it not for the whole boundary. */
const SOUND = Buffer.from([0, 255, 13, 10, 45, 45, 120, 13, 10, 13, 10, 1])

const answering = {
  answer: ({ socket }: SeenRequest): void => void socket.write(jsonAnswer({ text: 'hello' })),
}

const field = (name: string, value: string): Buffer =>
  Buffer.from(`--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
const FILE = Buffer.concat([
  Buffer.from(
    '--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n',
  ),
  SOUND,
  Buffer.from('\r\n'),
])
const END = Buffer.from('--x--\r\n')

function send(
  house: House,
  parts: readonly Buffer[],
  type = 'multipart/form-data; boundary=x',
  path = PATH,
): Promise<Response> {
  return fetch(house.url + path, { method: 'POST', headers: { 'content-type': type }, body: Buffer.concat(parts) })
}

describe('a form', () => {
  test.each([
    ['before the file', [field('model', 'alias'), FILE, END], [field('model', 'inner name'), FILE, END]],
    ['behind it', [FILE, field('model', 'alias'), END], [FILE, field('model', 'inner name'), END]],
    ['nowhere', [FILE, END], [field('model', 'inner name'), FILE, END]],
  ])(
    'whose model stands %s reaches the engine with its name for it, and no other byte changed',
    async (_, sent, got) => {
      const { engine, house } = await setScene(answering)
      house.admission.servedName = 'inner name'
      const response = await send(house, sent)
      expect(await response.json()).toEqual({ text: 'hello' })
      const [request] = engine.requests
      expect(request?.head).toContain('content-type: multipart/form-data; boundary=x\r\n')
      expect(request?.head).toContain(`content-length: ${Buffer.concat(got).length}`)
      expect(request?.body).toEqual(Buffer.concat(got))
    },
  )

  test('of a client library is read', async () => {
    const { engine, house } = await setScene(answering, { models: [modelView('a'), modelView('m')] })
    const form = new FormData()
    form.set('file', new Blob([SOUND]), 'a "name".wav')
    form.set('stream', 'true')
    form.set('model', 'm')
    expect((await fetch(house.url + PATH, { method: 'POST', body: form })).status).toBe(200)
    expect(engine.requests[0]?.body.includes(SOUND)).toBe(true)
    expect(house.admission.asked[0]?.model).toBe('m')
  })

  test('may have its boundary in quotes', async () => {
    const { engine, house } = await setScene(answering)
    const parts = [field('model', 'm'), END].map((part) => Buffer.from(part.toString().replace('--x', '--a b')))
    expect((await send(house, parts, 'multipart/form-data; charset=utf-8; boundary="a b"')).status).toBe(200)
    expect(engine.requests[0]?.head).toContain('content-type: multipart/form-data; boundary="a b"\r\n')
  })

  test('may be JSON where files are named in it', async () => {
    const { engine, house } = await setScene(answering)
    const body = Buffer.from('{"model":"m","image":"https://…"}')
    expect((await send(house, [body], 'application/json', '/v1/images/edits')).status).toBe(200)
    expect(engine.requests[0]?.head).toContain('content-type: application/json\r\n')
  })

  test.each([
    ['no boundary', [FILE, END], 'multipart/form-data', 'form_invalid'],
    ['a boundary that cannot be one', [FILE, END], `multipart/form-data; boundary=${'x'.repeat(71)}`, 'form_invalid'],
    ['another boundary', [FILE, END], 'multipart/form-data; boundary=y', 'form_invalid'],
    ['nothing', [], undefined, 'form_invalid'],
    ['no end', [FILE], undefined, 'form_invalid'],
    ['half a part', [FILE.subarray(0, 60)], undefined, 'form_invalid'],
    [
      'headers without end',
      [Buffer.from(`--x\r\na: ${'b'.repeat(10_000)}\r\n\r\n\r\n--x--`)],
      undefined,
      'form_invalid',
    ],
    ['too many parts', [...Array.from({ length: 1001 }, () => field('a', '')), END], undefined, 'form_invalid'],
    [
      'bytes that are no text',
      [Buffer.from('--x\r\nContent-Disposition: form-data; name="model"\r\n\r\n\xff\r\n', 'latin1'), END],
      undefined,
      'form_invalid',
    ],
    ['two models', [field('model', 'm'), field('model', 'm'), END], undefined, 'parameter_invalid'],
    ['a field of ours', [field('ttl', '5'), END], undefined, 'not_supported'],
    ['an unknown model', [field('model', 'n'), END], undefined, 'model_not_found'],
  ])('with %s wakes nothing', async (_, parts, type, code) => {
    const { house } = await setScene(answering)
    const response = await send(house, parts, type)
    expect((await errorOf(response)).code).toBe(code)
    expect(house.admission.asked).toEqual([])
  })

  test('is refused by routes that take none, and other types by those that do', async () => {
    const { house } = await setScene(answering)
    const chat = await send(house, [FILE, END], undefined, '/v1/chat/completions')
    expect([chat.status, (await errorOf(chat)).code]).toEqual([415, 'media_type_unsupported'])
    const text = await errorOf(await send(house, [FILE], 'text/plain'))
    expect(text.message).toContain('multipart/form-data')
  })

  test('is refused before it wakes a model that does not hear', async () => {
    const models = [modelView('m', { capabilities: new Set<Capability>(['chat']) })]
    const { house } = await setScene(answering, { models })
    const error = await errorOf(await send(house, [FILE, END]))
    expect(error).toMatchObject({ code: 'unsupported_endpoint' })
    expect(error.message).toContain('No model here does')
    expect(house.admission.asked).toEqual([])
  })
})
