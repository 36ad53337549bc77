import { chmod, chown, mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import {
  adminSocketPath,
  openStateDirectory,
  readDaemonFile,
  stateDirectoryPath,
  writeDaemonFile,
} from '../../../src/journal/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

test.each([
  ['our own variable', { ENGINEHOUSE_STATE_DIR: '/a', STATE_DIRECTORY: '/b', XDG_STATE_HOME: '/c', HOME: '/d' }, '/a'],
  ["systemd's", { STATE_DIRECTORY: '/b', XDG_STATE_HOME: '/c', HOME: '/d' }, '/b'],
  ["the first of systemd's", { STATE_DIRECTORY: '/b:/other' }, '/b'],
  ["XDG's", { XDG_STATE_HOME: '/c', HOME: '/d' }, '/c/enginehouse'],
  ['a relative XDG path is ignored', { XDG_STATE_HOME: 'c', HOME: '/d' }, '/d/.local/state/enginehouse'],
  [
    'empty ones are ignored',
    { ENGINEHOUSE_STATE_DIR: '', STATE_DIRECTORY: '', HOME: '/d' },
    '/d/.local/state/enginehouse',
  ],
  ['nothing set', {}, join(homedir(), '.local/state/enginehouse')],
  ['a relative one becomes absolute', { ENGINEHOUSE_STATE_DIR: 'here' }, join(process.cwd(), 'here')],
])('%s', (_, environment, expected) => {
  expect(stateDirectoryPath(environment)).toBe(expected)
})

test('makes a private directory with its parts, and opens it again', async () => {
  const path = join(temporaryDirectory(), 'deep', 'state')
  const state = await openStateDirectory(path, {})
  for (const part of [state.path, state.journal, state.run, state.logs, state.engines, state.weights]) {
    expect((await stat(part)).mode & 0o777).toBe(0o700)
  }
  expect(state.adminSocket).toBe(join(path, 'admin.sock'))
  expect(await openStateDirectory(path, {})).toEqual(state)
})

test.each([0o750, 0o705, 0o710, 0o701])('refuses one that others may enter (mode %o) and leaves it', async (mode) => {
  const path = join(temporaryDirectory(), 'state')
  await mkdir(path)
  await chmod(path, mode)
  await expect(openStateDirectory(path, {})).rejects.toMatchObject({
    code: 'state_directory_unusable',
    facts: { directory: path, why: `others may enter it (mode 0${mode.toString(8)})` },
  })
  expect((await stat(path)).mode & 0o777).toBe(mode)
})

test('refuses a part that others may enter', async () => {
  const path = join(temporaryDirectory(), 'state')
  const state = await openStateDirectory(path, {})
  await chmod(state.run, 0o755)
  await expect(openStateDirectory(path, {})).rejects.toMatchObject({ code: 'state_directory_unusable' })
})

test('refuses a file', async () => {
  const path = join(temporaryDirectory(), 'state')
  await writeFile(path, '')
  await expect(openStateDirectory(path, {})).rejects.toMatchObject({ code: 'state_directory_unusable' })
})

test('refuses a directory of another user', async () => {
  let path = '/'
  if (process.getuid?.() === 0) {
    path = join(temporaryDirectory(), 'state')
    await mkdir(path, { mode: 0o700 })
    await chown(path, 65534, 65534)
  }
  await expect(openStateDirectory(path, {})).rejects.toMatchObject({ code: 'state_directory_unusable' })
})

test('follows a link to a directory of ours', async () => {
  const root = temporaryDirectory()
  await mkdir(join(root, 'real'), { mode: 0o700 })
  await symlink(join(root, 'real'), join(root, 'link'))
  await expect(openStateDirectory(join(root, 'link'), {})).resolves.toMatchObject({ path: join(root, 'link') })
})

test('a long path has a short socket, the same each time and another for each directory', async () => {
  const runtime = temporaryDirectory()
  const long = join(runtime, 'x'.repeat(100))
  const environment = { XDG_RUNTIME_DIR: runtime }
  const socket = adminSocketPath(long, environment)
  expect(Buffer.byteLength(socket)).toBeLessThan(100)
  expect(dirname(socket)).toBe(join(runtime, 'enginehouse'))
  expect(adminSocketPath(long, environment)).toBe(socket)
  expect(adminSocketPath(`${long}y`, environment)).not.toBe(socket)
  const state = await openStateDirectory(long, environment)
  expect(state.adminSocket).toBe(socket)
  expect((await stat(dirname(socket))).mode & 0o777).toBe(0o700)
})

test('refuses a socket directory that others may enter', async () => {
  const runtime = temporaryDirectory()
  await mkdir(join(runtime, 'enginehouse'))
  await chmod(join(runtime, 'enginehouse'), 0o777)
  const long = join(runtime, 'x'.repeat(100))
  await expect(openStateDirectory(long, { XDG_RUNTIME_DIR: runtime })).rejects.toMatchObject({
    code: 'state_directory_unusable',
  })
})

test('without a usable runtime directory the socket is under /tmp, by user', () => {
  const long = `/${'x'.repeat(120)}`
  const under = `/tmp/enginehouse-${process.getuid?.()}`
  expect(dirname(adminSocketPath(long, {}))).toBe(under)
  expect(dirname(adminSocketPath(long, { XDG_RUNTIME_DIR: 'relative' }))).toBe(under)
  expect(dirname(adminSocketPath(long, { XDG_RUNTIME_DIR: long }))).toBe(under)
})

test('the daemon file comes back as written; none, or a damaged one, is none', async () => {
  const state = await openStateDirectory(join(temporaryDirectory(), 'state'), {})
  const facts = { version: '0.1.0', pid: 1, startedAt: 5, listen: 'http://127.0.0.1:8080', adminSocket: '/s' }
  expect(await readDaemonFile(state)).toBeNull()
  await writeDaemonFile(state, facts)
  expect(await readDaemonFile(state)).toEqual(facts)
  await writeFile(state.daemonFile, '{"version":')
  expect(await readDaemonFile(state)).toBeNull()
})
