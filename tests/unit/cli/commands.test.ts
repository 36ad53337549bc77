import { describe, expect, it } from 'vitest'

import { runCommand, startCommand } from '../../support/cli.ts'
import { DEVICES, MODELS, model, ready, STATUS } from './answers.ts'
import { eventStream, json, refusal, stubDaemon } from './stub-daemon.ts'

const READ = {
  'GET /api/v1/status': STATUS,
  'GET /api/v1/devices': { devices: DEVICES },
  'GET /api/v1/models': { models: MODELS },
  'GET /api/v1/queue': { queue: [] },
}

const started = (id: string) => ({
  decision: { action: 'start', device: 'host', evict: [], evidence: {} },
  model: ready(id),
})

describe('looking', () => {
  it('status --json is one object with everything that the screen is made of', async () => {
    const { environment } = await stubDaemon(READ)
    const { exit, stdout, stderr } = await runCommand(['status', '--json'], { environment })
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ daemon: STATUS, devices: DEVICES, models: MODELS, queue: [] })
    expect(stderr).toBe('')
  })

  it('ps shows what is resident, ls everything', async () => {
    const { environment } = await stubDaemon(READ)
    const ps = await runCommand(['ps', '--json'], { environment })
    const ls = await runCommand(['--json', 'ls'], { environment })
    const names = (text: string) => JSON.parse(text).models.map((each: { id: string }) => each.id)
    expect(names(ps.stdout)).toEqual(['smollm2', 'meta/llama-3.3-70b-instruct', 'qwen3-coder'])
    expect(names(ls.stdout)).toEqual(MODELS.map(({ id }) => id))
  })

  it('is plain in a pipe, and coloured on a terminal unless somebody objects', async () => {
    const { environment } = await stubDaemon(READ)
    const escape = '\u001b'
    expect((await runCommand(['ls'], { environment })).stdout).not.toContain(escape)
    expect((await runCommand(['ls'], { environment, columns: 80 })).stdout).toContain(escape)
    expect((await runCommand(['ls', '--no-color'], { environment, columns: 80 })).stdout).not.toContain(escape)
    const noColor = { ...environment, NO_COLOR: '1' }
    expect((await runCommand(['ls'], { environment: noColor, columns: 80 })).stdout).not.toContain(escape)
    const dumb = { ...environment, TERM: 'dumb' }
    expect((await runCommand(['ls'], { environment: dumb, columns: 80 })).stdout).not.toContain(escape)
  })

  it('tells on stderr, not on stdout, that nothing is loaded', async () => {
    const { environment } = await stubDaemon({ ...READ, 'GET /api/v1/models': { models: [model('a')] } })
    const { exit, stdout, stderr } = await runCommand(['ps'], { environment })
    expect([exit, stdout]).toEqual([0, ''])
    expect(stderr).toContain('No model is loaded')
    expect((await runCommand(['ps', '--quiet'], { environment })).stderr).toBe('')
  })
})

describe('doing', () => {
  it.each([
    [['load', 'a'], { model: 'a', wait: true, dry_run: false }],
    [['load', 'a', '--no-wait'], { model: 'a', wait: false, dry_run: false }],
    [['load', 'a', '--dry-run'], { model: 'a', wait: false, dry_run: true }],
    [['unload', 'a'], { model: 'a', wait: true, dry_run: false }],
    [['unload', 'a', '--dry-run'], { model: 'a', wait: false, dry_run: true }],
    [['unload', '--all', '--no-wait'], { wait: false, dry_run: false }],
    [['pin', 'a'], { model: 'a', for: null }],
    [['pin', 'a', '--for', '2h'], { model: 'a', for: '2h' }],
    [['unpin', 'a'], { model: 'a' }],
  ])('%j sends %j', async (argv, body) => {
    const daemon = await stubDaemon({
      'POST /api/v1/models/load': started('a'),
      'POST /api/v1/models/unload': started('a'),
      'POST /api/v1/models/unload-all': { unloaded: ['a'], skipped: [] },
      'POST /api/v1/models/pin': started('a'),
      'POST /api/v1/models/unpin': { model: ready('a') },
    })
    const { exit, stdout } = await runCommand(argv, { environment: daemon.environment })
    expect(exit).toBe(0)
    expect(stdout).not.toBe('')
    expect(daemon.requests.map((request) => request.body)).toEqual([body])
  })

  it('load that is refused without waiting exits 4', async () => {
    const refused = { ...started('a'), decision: { action: 'refuse', device: null, evict: [], evidence: {} } }
    const { environment } = await stubDaemon({ 'POST /api/v1/models/load': refused })
    expect((await runCommand(['load', 'a', '--dry-run'], { environment })).exit).toBe(4)
  })

  it('shows how a load comes on while it waits, and takes the line away', async () => {
    let finish = (): void => undefined
    const { environment } = await stubDaemon({
      'POST /api/v1/models/load': (request, response) => {
        finish = () => json(200, started('a'))(request, response)
      },
      'GET /api/v1/models/a': MODELS[2] ?? {},
    })
    const command = startCommand(['load', 'a'], { environment, columns: 80 })
    await command.until('stderr', 'qwen3-coder starting, loading weights: 42%')
    finish()
    const { exit, stdout, stderr } = await command.ended
    expect(exit).toBe(0)
    expect(stdout).toContain('a is ready in 1.3s')
    expect(stderr.endsWith('\r\u001b[2K')).toBe(true)
  })
})

describe('why', () => {
  const at = '2026-01-31T14:00:00.000Z'
  const answer = { subject: { model: 'a' }, at, summary: 'a was unloaded.', records: [], would_change: [] }

  it('explain asks for a model, then for a request', async () => {
    const daemon = await stubDaemon({
      'GET /api/v1/explain': (request, response) =>
        request.query['model'] === undefined
          ? json(200, answer)(request, response)
          : json(404, refusal('model_not_found', 'There is no model "r-1" here.'))(request, response),
    })
    const { exit, stdout } = await runCommand(['explain', 'r-1'], { environment: daemon.environment })
    expect([exit, stdout]).toEqual([0, 'a was unloaded.\n'])
    expect(daemon.requests.map(({ query }) => query)).toEqual([{ model: 'r-1' }, { request: 'r-1' }])
  })

  it('explain of what is neither is about the model', async () => {
    const { environment } = await stubDaemon({
      'GET /api/v1/explain': (request, response) => {
        const code = request.query['model'] === undefined ? 'request_not_found' : 'model_not_found'
        json(404, refusal(code, `${code} it is`))(request, response)
      },
    })
    const { exit, stderr } = await runCommand(['explain', 'x'], { environment })
    expect([exit, stderr]).toEqual([6, 'error: model_not_found it is\n'])
  })

  it('events --json is one record per line', async () => {
    const records = [1, 2].map((seq) => ({ seq, at, kind: 'ready', text: `record ${seq}` }))
    const daemon = await stubDaemon({ 'GET /api/v1/events': eventStream(...records) })
    const { stdout } = await runCommand(['events', '--json', '--model', 'a', '--since', '10m'], daemon)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(records)
    expect(daemon.requests[0]?.query).toEqual({ follow: 'false', model: 'a', since: '10m' })
  })

  it.each([
    [['events'], { follow: 'false', limit: '50' }],
    [['events', '-f'], { follow: 'true', limit: '10' }],
  ])('%j asks for %j', async (argv, query) => {
    const daemon = await stubDaemon({ 'GET /api/v1/events': eventStream() })
    await runCommand(argv, daemon)
    expect(daemon.requests[0]?.query).toEqual(query)
  })
})

describe('a command that is ended from outside', () => {
  it('is 130 at an interrupt, without a word', async () => {
    const { environment } = await stubDaemon({
      'GET /api/v1/events': (_request, response) =>
        void response.writeHead(200).write('data: {"seq":1,"at":"","kind":"x","text":"t"}\n\n'),
    })
    const command = startCommand(['events', '-f', '--json'], { environment })
    await command.until('stdout', '"seq":1')
    command.signal('SIGINT')
    const { exit, stderr } = await command.ended
    expect([exit, stderr]).toEqual([130, ''])
    expect(command.listeners('SIGINT')).toBe(0)
  })

  it('is 0 when the reader of its stdout has left', async () => {
    const { environment } = await stubDaemon({
      'GET /api/v1/events': (_request, response) =>
        void response.writeHead(200).write('data: {"seq":1,"at":"","kind":"x","text":"t"}\n\n'),
    })
    const command = startCommand(['events', '-f', '--json'], { environment })
    await command.until('stdout', '"seq":1')
    command.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    const { exit, stderr } = await command.ended
    expect([exit, stderr]).toEqual([0, ''])
  })

  it('is a failure when its results cannot be written', async () => {
    const { environment } = await stubDaemon({
      'GET /api/v1/events': (_request, response) => void response.writeHead(200).write(':\n'),
    })
    const command = startCommand(['events', '-f'], { environment })
    command.stdout.emit('error', Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }))
    const { exit, stderr } = await command.ended
    expect(exit).toBe(1)
    expect(stderr).toContain('The results could not be written: no space left on device.')
  })

  it('is 8 at --timeout', async () => {
    const { environment } = await stubDaemon({ 'POST /api/v1/models/load': () => undefined })
    const { exit, stderr } = await runCommand(['load', 'a', '--timeout', '50ms', '--quiet'], { environment })
    expect(exit).toBe(8)
    expect(stderr).toContain('The command took longer than 50ms.')
  })
})
