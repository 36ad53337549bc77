import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { daemonAddress } from '../../../src/cli/daemon-address.ts'
import { runCommand } from '../../support/cli.ts'
import { freePort } from '../../support/free-port.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { json, refusal, stubDaemon } from './stub-daemon.ts'

const LS = { 'GET /api/v1/models': { models: [] } }

describe('a daemon that is named', () => {
  it('is asked with the key of the environment, or of a file, and the state directory is not looked at', async () => {
    const { url, requests } = await stubDaemon(LS)
    const file = join(temporaryDirectory(), 'key')
    writeFileSync(file, 'from-a-file\n')
    const nowhere = { ENGINEHOUSE_STATE_DIR: temporaryDirectory() }
    const flag = await runCommand(['ls', '--json', '--host', url], { environment: nowhere })
    const variable = {
      ...nowhere,
      ENGINEHOUSE_HOST: url.replace('http://', ''),
      ENGINEHOUSE_API_KEY: 'from-a-variable',
    }
    const both = await runCommand(['ls', '--json'], { environment: variable })
    const keyFile = await runCommand(['ls', '--json', '--key-file', file], { environment: variable })
    expect([flag, both, keyFile].map(({ exit, stdout }) => [exit, stdout])).toEqual(
      [1, 2, 3].map(() => [0, '{"models":[]}\n']),
    )
    expect(requests.map(({ key }) => key)).toEqual([null, 'from-a-variable', 'from-a-file'])
  })

  it('goes before the admin socket, which gets no key', async () => {
    const local = await stubDaemon(LS)
    const other = await stubDaemon(LS)
    const environment = { ...local.environment, ENGINEHOUSE_API_KEY: 'secret' }
    await runCommand(['ls', '--host', other.url], { environment })
    await runCommand(['ls'], { environment })
    await runCommand(['ls', '--host', `unix:${other.adminSocket}`], { environment })
    expect(other.requests.map(({ key }) => key)).toEqual(['secret', 'secret'])
    expect(local.requests.map(({ key }) => key)).toEqual([null])
  })

  it('is reported by its name where nobody answers', async () => {
    const host = `127.0.0.1:${await freePort()}`
    const { exit, stderr } = await runCommand(['ls', '--host', host])
    expect(exit).toBe(5)
    expect(stderr).toContain(`error: No daemon answers at http://${host}.\n`)
  })

  it('may refuse the key', async () => {
    const { url } = await stubDaemon({ 'GET /api/v1/models': json(403, refusal('origin_not_allowed', 'Not you.')) })
    expect((await runCommand(['ls', '--host', url])).exit).toBe(7)
  })

  it.each(['ftp://h', 'http://u:p@h', 'http://h?x=1', 'h:port', ''])('cannot be %j', async (host) => {
    const { exit, stderr } = await runCommand(['ls', '--host', host])
    expect([exit, stderr]).toEqual([2, expect.stringContaining('--host must be http://HOST:PORT')])
  })

  it.each([
    ['missing', null, 'cannot be read: no such file or directory (ENOENT).'],
    ['of two words', 'a b', 'must hold one key and nothing else.'],
    ['empty', '', 'must hold one key and nothing else.'],
  ])('needs a key file that is not %s', async (_name, text, why) => {
    const file = join(temporaryDirectory(), 'key')
    if (text !== null) writeFileSync(file, text)
    const { exit, stderr } = await runCommand(['ls', '--host', 'h', '--key-file', file])
    expect([exit, stderr]).toEqual([2, expect.stringContaining(`--key-file ${file} ${why}`)])
  })
})

it.each([
  ['gpu1', 'http://gpu1:8080/', 'http://gpu1:8080'],
  ['gpu1:80', 'http://gpu1/', 'http://gpu1'],
  ['[::1]:9000', 'http://[::1]:9000/', 'http://[::1]:9000'],
  ['http://gpu1', 'http://gpu1/', 'http://gpu1'],
  ['https://proxy/house', 'https://proxy/house/', 'https://proxy/house'],
])('%s leads to %s', async (host, url, where) => {
  const address = await daemonAddress({ host }, {})
  expect([address.url.href, address.where, address.socketPath]).toEqual([url, where, null])
})
