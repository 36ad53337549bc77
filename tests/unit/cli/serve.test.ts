import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import type { App, AppOptions } from '../../../src/cli/index.ts'
import { EnginehouseError } from '../../../src/core/index.ts'
import { runCommand, startCommand } from '../../support/cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const GOOD = 'version: 1\nmodels:\n  echo: { engine: command, command: [echo, "{port}"], gpus: none }\n'
const BAD = 'version: 1\nmodels:\n  echo: { engine: command, comand: [echo], gpus: none }\n'

function manifestFile(text: string): string {
  const path = join(temporaryDirectory(), 'm.yaml')
  writeFileSync(path, text)
  return path
}

/** An app that ends its stop when it is told to. */
function stubApp() {
  const calls: string[] = []
  let finish = (): void => undefined
  const stopped = new Promise<void>((resolve) => {
    finish = resolve
  })
  const app: App = {
    address: 'http://127.0.0.1:8080',
    adminSocket: '/state/admin.sock',
    reload: (trigger) => {
      calls.push(`reload ${trigger}`)
      return null
    },
    stop: () => {
      calls.push('stop')
      return stopped
    },
    hurry: () => {
      calls.push('hurry')
      finish()
    },
  }
  const started: AppOptions[] = []
  const startApp = async (options: AppOptions): Promise<App> => {
    started.push(options)
    return app
  }
  return { calls, started, finish, startApp, app }
}

describe('validate', () => {
  it('says that a manifest is valid', async () => {
    const path = manifestFile(GOOD)
    expect(await runCommand(['validate', path])).toEqual({ exit: 0, stdout: `${path} is valid: 1 model\n`, stderr: '' })
    expect(await runCommand(['validate', '-c', path])).toMatchObject({ exit: 0 })
    const { stdout } = await runCommand(['validate', path, '--json'])
    expect(JSON.parse(stdout)).toEqual({ path, valid: true, models: ['echo'], warnings: [] })
  })

  it('says what is right and probably not meant, and exits 0', async () => {
    const path = manifestFile(GOOD.replace(' }', ', env: { API_TOKEN: abc } }'))
    const { exit, stdout, stderr } = await runCommand(['validate', path])
    expect([exit, stdout]).toEqual([0, `${path} is valid: 1 model\n`])
    expect(stderr).toContain('warning: models.echo.env.API_TOKEN looks like a secret')
    const asked = await runCommand(['validate', path, '--json'])
    expect(asked.stderr).toBe('')
    expect(JSON.parse(asked.stdout).warnings).toMatchObject([{ code: 'manifest_secret_in_clear', file: path }])
    expect((await runCommand(['validate', path, '--quiet'])).stderr).toBe('')
  })

  it('shows each problem with its place on stderr, and exits 3', async () => {
    const path = manifestFile(BAD)
    const { exit, stdout, stderr } = await runCommand(['validate', path])
    expect([exit, stdout]).toEqual([3, ''])
    expect(stderr).toContain(`${path}:3:28:`)
    expect(stderr).toContain('Did you mean "command"?')
    expect(stderr).toContain(`error: The manifest ${path} has`)
  })

  it('lists the problems in the error with --json', async () => {
    const { exit, stdout, stderr } = await runCommand(['validate', manifestFile(BAD), '--json'])
    expect([exit, stderr]).toEqual([3, ''])
    const { code, facts } = JSON.parse(stdout).error
    expect(code).toBe('manifest_invalid')
    expect(facts.list).toContainEqual(
      expect.objectContaining({
        code: 'manifest_unknown_key',
        line: 3,
        column: 28,
        path: 'models.echo.comand',
        message: expect.stringContaining('comand'),
        next: expect.any(String),
        nearest: ['command'],
      }),
    )
    expect(facts.list).toHaveLength(facts.problems)
  })

  it('reads - from stdin, whole or not at all', async () => {
    expect(await runCommand(['validate', '-'], { stdin: GOOD })).toEqual({
      exit: 0,
      stdout: 'stdin is valid: 1 model\n',
      stderr: '',
    })
    const { exit, stderr } = await runCommand(['validate', '-'], { stdin: BAD })
    expect(exit).toBe(3)
    expect(stderr).toContain('stdin:3:28:')
    const large = await runCommand(['validate', '-'], { stdin: `${GOOD}${'#'.repeat(2 ** 20)}` })
    expect([large.exit, large.stderr]).toEqual([3, expect.stringContaining('1MiB')])
  })

  it('names the file that is not there, or every place that was looked at', async () => {
    const missing = join(temporaryDirectory(), 'none.yaml')
    expect(await runCommand(['validate', missing])).toMatchObject({ exit: 3, stderr: expect.stringContaining(missing) })
  })
})

describe('serve', () => {
  it('starts the app, says where it listens, and ends with 0 after a stop that was asked for', async () => {
    const { calls, started, finish, startApp } = stubApp()
    const environment = { ENGINEHOUSE_STATE_DIR: '/state', ENGINEHOUSE_LISTEN: '127.0.0.1:9999' }
    const command = startCommand(['serve', '-c', manifestFile(GOOD)], { environment, house: { startApp } })
    await command.until('stdout', '\n')
    expect(started[0]).toMatchObject({
      stateDirectory: '/state',
      logLevel: 'info',
      manifest: { server: { listen: { kind: 'tcp', host: '127.0.0.1', port: 9999 } } },
    })
    command.signal('SIGINT')
    await command.until('stderr', 'Stopping')
    finish()
    const { exit, stdout } = await command.ended
    expect([exit, calls]).toEqual([0, ['stop']])
    expect(stdout).toBe('Listening on http://127.0.0.1:8080 — 1 model; admin socket /state/admin.sock\n')
    expect((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(command.listeners)).toEqual([0, 0, 0])
  })

  it.each([
    ['--listen', 'unix:/run/e.sock', { manifest: { server: { listen: { kind: 'unix', path: '/run/e.sock' } } } }],
    ['--log-level', 'warn', { logLevel: 'warn' }],
  ])('%s goes before the environment', async (flag, value, options) => {
    const { finish, started, startApp } = stubApp()
    finish()
    const environment = { ENGINEHOUSE_LISTEN: '127.0.0.1:9999', ENGINEHOUSE_LOG_LEVEL: 'error' }
    const command = startCommand(['serve', '-c', manifestFile(GOOD), flag, value], { environment, house: { startApp } })
    await command.until('stdout', '\n')
    command.signal('SIGINT')
    expect((await command.ended).exit).toBe(0)
    expect(started[0]).toMatchObject(options)
  })

  it('--default-ttl is that of models without one', async () => {
    const { finish, started, startApp } = stubApp()
    finish()
    const command = startCommand(['serve', '-c', manifestFile(GOOD), '--default-ttl', '90s'], { house: { startApp } })
    await command.until('stdout', '\n')
    command.signal('SIGINT')
    expect((await command.ended).exit).toBe(0)
    expect(started[0]?.manifest.models.get('echo')?.ttl).toBe(90_000)
  })

  it.each([
    [['--listen', 'nowhere'], '--listen must be HOST:PORT'],
    [['--default-ttl', 'soon'], '--default-ttl must be a duration'],
    [['--log-level', 'loud'], '--log-level must be debug'],
  ])('%j is wrong usage', async (flags, words) => {
    const { started, startApp } = stubApp()
    const argv = ['serve', '-c', manifestFile(GOOD), ...flags]
    const { exit, stderr } = await runCommand(argv, { house: { startApp } })
    expect([exit, started]).toEqual([2, []])
    expect(stderr).toContain(words)
  })

  it('says which of the usual variables do nothing', async () => {
    const { finish, startApp } = stubApp()
    finish()
    const environment = { HOST: 'build7', CLEANUP_INTERVAL: '60' }
    const command = startCommand(['serve', '-c', manifestFile(GOOD)], { environment, house: { startApp } })
    await command.until('stdout', '\n')
    command.signal('SIGINT')
    const { exit, stderr } = await command.ended
    expect(exit).toBe(0)
    expect(stderr).toContain('HOST is "build7"')
    expect(stderr).toContain('TTL is exact; nothing polls.')
  })

  it('hurries at the second signal', async () => {
    const { calls, startApp } = stubApp()
    const command = startCommand(['serve', '-c', manifestFile(GOOD)], { house: { startApp } })
    await command.until('stdout', '\n')
    command.signal('SIGTERM')
    command.signal('SIGINT')
    expect((await command.ended).exit).toBe(0)
    expect(calls.toSorted()).toEqual(['hurry', 'stop'])
  })

  it('stops at once when the signal came while it was starting', async () => {
    const { calls, finish, startApp } = stubApp()
    finish()
    let begun = (): void => undefined
    let go = (): void => undefined
    const starting = new Promise<void>((resolve) => (begun = resolve))
    const mayStart = new Promise<void>((resolve) => (go = resolve))
    const command = startCommand(['serve', '-c', manifestFile(GOOD)], {
      house: {
        startApp: async (options) => {
          begun()
          await mayStart
          return startApp(options)
        },
      },
    })
    await starting
    command.signal('SIGTERM')
    go()
    expect((await command.ended).exit).toBe(0)
    expect(calls).toEqual(['stop'])
  })

  it('reloads at SIGHUP, and outlives the reader of its stdout', async () => {
    const { calls, finish, startApp } = stubApp()
    finish()
    const command = startCommand(['serve', '-c', manifestFile(GOOD)], { house: { startApp } })
    await command.until('stdout', '\n')
    command.signal('SIGHUP')
    expect(calls).toEqual(['reload signal'])
    command.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    command.signal('SIGTERM')
    const { exit, stderr } = await command.ended
    expect(exit).toBe(0)
    expect(stderr).toContain('Stopping')
  })

  it('tells programs where it listens with --json', async () => {
    const { finish, startApp } = stubApp()
    finish()
    const command = startCommand(['serve', '--json', '-c', manifestFile(GOOD)], { house: { startApp } })
    await command.until('stdout', '\n')
    command.signal('SIGTERM')
    const { stdout } = await command.ended
    expect(JSON.parse(stdout)).toEqual({
      listening: 'http://127.0.0.1:8080',
      models: 1,
      admin_socket: '/state/admin.sock',
    })
  })

  it('starts nothing with a manifest that is wrong', async () => {
    const { started, startApp } = stubApp()
    const { exit } = await runCommand(['serve', '-c', manifestFile(BAD)], { house: { startApp } })
    expect([exit, started]).toEqual([3, []])
  })

  it('exits as the registry says when the app cannot start', async () => {
    const startApp = () => Promise.reject(new EnginehouseError('address_in_use', { address: '127.0.0.1:8080' }))
    const { exit, stdout, stderr } = await runCommand(['serve', '-c', manifestFile(GOOD)], { house: { startApp } })
    expect([exit, stdout]).toEqual([1, ''])
    expect(stderr).toContain('error: Something else is listening on 127.0.0.1:8080.')
  })
})
