import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { defaultManifestPlaces, findManifest, readManifest } from '../../../src/manifest/index.ts'
import { ON_CPU } from './helpers.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'enginehouse-manifest-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

const GOOD = 'version: 1\nmodels:\n  m: { engine: llama-server, source: file:m.gguf }\n'
const read = (path: string, environment: Readonly<Record<string, string>> = {}) =>
  readManifest(path, { knowledge: ON_CPU, environment })

test('relative paths start at the manifest', async () => {
  const path = join(directory, 'a.yaml')
  writeFileSync(path, GOOD)
  const result = await read(path)
  expect(result).toMatchObject({ kind: 'manifest', manifest: { path, directory } })
  expect(result.kind === 'manifest' && result.manifest.models.get('m')?.source).toEqual([
    { kind: 'file', path: join(directory, 'm.gguf') },
  ])
})

test('a file with problems is a result', async () => {
  const path = join(directory, 'a.yaml')
  writeFileSync(path, 'version: 2\nmodels: {}\n')
  expect(await read(path)).toMatchObject({
    kind: 'problems',
    path,
    text: 'version: 2\nmodels: {}\n',
    problems: [{ line: 1 }],
  })
})

test('a file over the limit is a problem, and is not read', async () => {
  const path = join(directory, 'a.yaml')
  writeFileSync(path, '#'.repeat(2 * 1024 * 1024))
  expect(await read(path)).toMatchObject({ kind: 'problems', problems: [{ code: 'manifest_too_large' }], text: '' })
})

test('no file', async () => {
  const path = join(directory, 'missing.yaml')
  await expect(read(path)).rejects.toMatchObject({ code: 'manifest_not_found', facts: { looked: [path] } })
  await expect(read(join(path, 'x'))).rejects.toMatchObject({ code: 'manifest_not_found' })
})

test.each([
  ['UTF-16', Buffer.from('\uFEFFversion: 1\n', 'utf16le'), 'UTF-16'],
  ['Latin-1', Buffer.from('version: 1 # \xE9\n', 'latin1'), 'not UTF-8'],
])('%s is refused with a hint', async (_name, bytes, why) => {
  const path = join(directory, 'a.yaml')
  writeFileSync(path, bytes)
  await expect(read(path)).rejects.toMatchObject({
    code: 'manifest_unreadable',
    facts: { path, why: expect.stringContaining(why) },
  })
})

test('a directory and a pipe are refused without waiting', async () => {
  const folder = join(directory, 'folder')
  const pipe = join(directory, 'pipe')
  mkdirSync(folder)
  execFileSync('mkfifo', [pipe])
  for (const path of [folder, pipe]) {
    await expect(read(path)).rejects.toMatchObject({ code: 'manifest_unreadable', facts: { why: 'it is not a file' } })
  }
})

describe('.env beside the manifest', () => {
  const text = 'version: 1\nmodels:\n  m:\n    engine: llama-server\n    source: file:${DIR}/m.gguf\n'
  const sourceOf = async (environment: Readonly<Record<string, string>> = {}) => {
    const result = await read(join(directory, 'a.yaml'), environment)
    return result.kind === 'manifest' ? result.manifest.models.get('m')?.source : result.problems
  }
  beforeEach(() => writeFileSync(join(directory, 'a.yaml'), text))

  test('is read first, and the process wins', async () => {
    writeFileSync(join(directory, '.env'), 'DIR=/srv/a\n')
    expect(await sourceOf()).toEqual([{ kind: 'file', path: '/srv/a/m.gguf' }])
    expect(await sourceOf({ DIR: '/srv/b' })).toEqual([{ kind: 'file', path: '/srv/b/m.gguf' }])
  })

  test('may be missing, or a directory', async () => {
    expect(await sourceOf()).toMatchObject([{ code: 'manifest_variable_unset', line: 5, column: 13 }])
    mkdirSync(join(directory, '.env'))
    expect(await sourceOf({ DIR: '/srv/b' })).toEqual([{ kind: 'file', path: '/srv/b/m.gguf' }])
  })

  test.each([
    ['UTF-16', Buffer.from('\uFEFFDIR=/srv\n', 'utf16le'), 'it is UTF-16; save it as UTF-8'],
    ['too large', Buffer.alloc(64 * 1024 + 1, '#'), 'it has 64KiB, and no more than 64KiB are read'],
  ])('that is %s is a problem', async (_name, bytes, why) => {
    writeFileSync(join(directory, '.env'), bytes)
    const file = join(directory, '.env')
    expect(await sourceOf({ DIR: '/srv' })).toMatchObject([{ file, code: 'env_file_unreadable', facts: { why } }])
  })

  test('that is a pipe is a problem without waiting', async () => {
    execFileSync('mkfifo', [join(directory, '.env')])
    expect(await sourceOf({ DIR: '/srv' })).toMatchObject([{ code: 'env_file_unreadable' }])
  })
})

test('places: here, then the user, then the host', () => {
  const here = join(process.cwd(), 'enginehouse.yaml')
  expect(defaultManifestPlaces({ HOME: '/home/u' })).toEqual([
    here,
    '/home/u/.config/enginehouse/enginehouse.yaml',
    '/etc/enginehouse/enginehouse.yaml',
  ])
  expect(defaultManifestPlaces({ HOME: '/home/u', XDG_CONFIG_HOME: '/conf' })[1]).toBe(
    '/conf/enginehouse/enginehouse.yaml',
  )
  expect(defaultManifestPlaces({})).toEqual([here, '/etc/enginehouse/enginehouse.yaml'])
})

test('the first place that exists is taken; none is an error that names them all', async () => {
  const places = ['a.yaml', 'b.yaml', 'c.yaml'].map((name) => join(directory, name))
  await expect(findManifest(places)).rejects.toMatchObject({ code: 'manifest_not_found', facts: { looked: places } })
  for (const place of places.slice(1)) writeFileSync(place, GOOD)
  expect(await findManifest(places)).toBe(places[1])
})
