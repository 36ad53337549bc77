import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { installLlamaServer } from '../../../engines/llama-server/install.ts'
import { installedProgram } from '../../../engines/llama-server/release.ts'
import type { InstallProgress } from '../../../src/engine/install.ts'
import { untilText } from '../../support/gates.ts'
import { testEnvironment } from '../../support/run.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** A host whose python3 and getconf are shell scripts of the test; nothing is downloaded. */
function host(scripts: Readonly<Record<string, string>>) {
  const base = temporaryDirectory()
  const bin = join(base, 'bin')
  mkdirSync(bin)
  for (const [name, text] of Object.entries({ getconf: 'echo glibc 2.36', ...scripts })) {
    writeProgram(join(bin, name), text)
  }
  const directory = join(base, 'engines')
  const progress: InstallProgress[] = []
  const aborting = new AbortController()
  const install = () =>
    installLlamaServer({
      directory,
      environment: testEnvironment({ PATH: `${bin}:/usr/bin:/bin` }),
      onProgress: (step) => progress.push(step),
      signal: aborting.signal,
    })
  return { base, directory, progress, aborting, install }
}

function writeProgram(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}

/** Answers the questions for a version; `download` is what `pip download` does, with the target directory in $6. */
function python(download: string): string {
  return `case "$*" in *--version*) echo Python 3.11; exit 0;; "-m pip download"*) while [ "$1" != --dest ]; do shift; done; dest=$2; ${download};; *) exit 9;; esac`
}

const linux = process.platform === 'linux' && process.arch === 'x64'

describe.skipIf(!linux)('on a host that can', () => {
  test.each([
    ['another C library', { getconf: 'exit 1' }, 'platform_unsupported', /this host has another C library/],
    [
      'an old C library',
      { getconf: 'echo glibc 2.31' },
      'platform_unsupported',
      /glibc 2\.35 or newer, and this host has glibc 2\.31/,
    ],
    ['no python3', { python3: 'exit 127' }, 'engine_install_failed', /python3 was not found/],
    ['no pip', { python3: 'case "$*" in *pip*) exit 1;; esac' }, 'engine_install_failed', /python3 has no pip/],
  ])('%s is told in one sentence', async (_name, scripts, code, message) => {
    const { install, directory } = host(scripts)
    const error = await install().catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(readdirSync(join(directory, 'staging'))).toEqual([])
  })

  test('a download that fails is told with what pip said', async () => {
    const { install, progress } = host({ python3: python('echo "ERROR: no network" >&2; exit 1') })
    await expect(install()).rejects.toMatchObject({
      code: 'engine_install_failed',
      facts: { why: 'python3 ended with exit code 1 | ERROR: no network' },
    })
    expect(progress[0]).toEqual({ kind: 'downloading', bytes: 0, total: 64_813_903 })
  })

  test('other bytes than the release has are not installed', async () => {
    const { install, directory } = host({ python3: python('echo other > "$dest/x-0.whl"') })
    await expect(install()).rejects.toMatchObject({
      facts: { why: expect.stringMatching(/other bytes .*sha256 [0-9a-f]{64}/) },
    })
    expect(existsSync(join(directory, 'llama-server'))).toBe(false)
    expect(readdirSync(join(directory, 'staging'))).toEqual([])
  })

  test('nothing downloaded is told', async () => {
    const { install } = host({ python3: python('true') })
    await expect(install()).rejects.toMatchObject({ facts: { why: 'pip ended well and downloaded nothing' } })
  })

  test('what is there and works is left alone', async () => {
    const { install, directory, progress } = host({ python3: 'exit 1' })
    writeProgram(installedProgram(directory), 'echo version: 1')
    expect(await install()).toEqual({ path: installedProgram(directory), version: '0.10068.0', already: true })
    expect(progress).toEqual([])
  })

  test('what is there and does not work is installed again', async () => {
    const { install, directory } = host({ python3: 'exit 1' })
    writeProgram(installedProgram(directory), 'exit 1')
    await expect(install()).rejects.toMatchObject({ code: 'engine_install_failed' })
  })

  test('aborted, it ends what runs and leaves nothing', async () => {
    const { install, base, aborting, directory } = host({
      python3: python('mkfifo "$dest/gate"; echo x > "$dest/../../../../at"; read line < "$dest/gate"'),
    })
    const result = install()
    await untilText(join(base, 'at'), /x/)
    aborting.abort(new Error('enough'))
    await expect(result).rejects.toThrow('enough')
    expect(readdirSync(join(directory, 'staging'))).toEqual([])
  })
})
