import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Beyond this a file wants to be a folder. */
const LONGEST_FILE = 400

/** Who may import whom; a room may always import itself. The one place where this is written down. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  lib: [],
  manifest: ['core', 'lib'],
  scheduler: ['core', 'lib'],
  telemetry: ['core', 'lib'],
  gpu: ['core', 'lib', 'telemetry', 'process'],
  weights: ['core', 'lib', 'telemetry', 'process'],
  process: ['core', 'lib', 'telemetry'],
  journal: ['core', 'lib'],
  engine: ['process', 'core', 'lib'],
  supervisor: ['scheduler', 'engine', 'journal', 'core', 'lib'],
  gateway: ['telemetry', 'core', 'lib'],
  admin: ['gpu', 'journal', 'weights', 'telemetry', 'manifest', 'core', 'lib'],
  cli: ['app', 'manifest', 'journal', 'weights', 'core', 'lib'],
  app: ['*'],
  main: ['cli', 'app'],
}

/** Besides its own folder, an engine knows the contract and what is generic; never another engine. */
const ENGINE_MAY_IMPORT = ['engine', 'weights', 'core', 'lib']

/** Where other ways to the clock, to chance and to the world outside are banned by lint (.oxlintrc.json). */
const PURE_ROOMS = ['core', 'scheduler', 'engine', 'supervisor']
/** Text and digests only: of node:crypto the linter lets nothing but createHash through. */
const PURE_MODULES = ['node:util', 'node:crypto']

interface SourceFile {
  readonly path: string
  readonly text: string
  /** Relative imports, as paths from the root. */
  readonly imports: readonly string[]
  readonly packages: readonly string[]
}

const files = ['src', 'engines'].flatMap((folder) => sourcesUnder(folder))

describe('the house', () => {
  it('has files to judge', () => {
    expect(files.length).toBeGreaterThan(100)
    expect(files.flatMap((file) => file.imports).length).toBeGreaterThan(300)
  })

  it('lets rooms import only what the plan allows', () => {
    const wrong = files.flatMap((file) =>
      file.imports.filter((target) => !mayImport(file.path, target)).map((target) => `${file.path} -> ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('has every room in the plan', () => {
    const rooms = new Set(files.filter((file) => file.path.startsWith('src/')).map((file) => roomOf(file.path)))
    expect([...rooms].filter((room) => !(room in ROOMS))).toEqual([])
  })

  it('has no import cycles', () => {
    expect(findCycle(new Map(files.map((file) => [file.path, file.imports])))).toBeNull()
  })

  it('enters rooms by their index, but for engines and the composition root', () => {
    const wrong = files.flatMap((file) =>
      file.imports
        .filter((target) => target.startsWith('src/') && roomOf(target) !== roomOf(file.path))
        .filter(
          (target) =>
            !target.endsWith('/index.ts') &&
            !['lib', 'app', 'main'].includes(roomOf(target)) &&
            !file.path.startsWith('engines/'),
        )
        .map((target) => `${file.path} -> ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('keeps the world outside out of the pure rooms', () => {
    const wrong = files
      .filter((file) => PURE_ROOMS.includes(roomOf(file.path)))
      .flatMap((file) =>
        file.packages.filter((name) => !PURE_MODULES.includes(name)).map((name) => `${file.path} imports ${name}`),
      )
    expect(wrong).toEqual([])
  })

  it('lints the same rooms as pure', () => {
    const config = JSON.parse(readFileSync(join(ROOT, '.oxlintrc.json'), 'utf8')) as {
      overrides: { files: string[] }[]
    }
    expect(config.overrides[0]?.files).toEqual(PURE_ROOMS.map((room) => `src/${room}/**`))
  })

  it(`has no file of more than ${LONGEST_FILE} lines`, () => {
    const long = files.filter((file) => file.text.split('\n').length > LONGEST_FILE).map((file) => file.path)
    expect(long).toEqual([])
  })

  it('names packages only where package.json has them', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
      devDependencies: Record<string, string>
    }
    const imported = files.flatMap((file) => file.packages).filter((name) => !name.startsWith('node:'))
    const used = new Set([...imported, ...files.flatMap((file) => packagesRead(file.text))])
    expect([...used].filter((name) => !(name in manifest.dependencies))).toEqual([])
    expect(Object.keys(manifest.dependencies).filter((name) => !used.has(name))).toEqual([])
    const loose = [...Object.values(manifest.dependencies), ...Object.values(manifest.devDependencies)].filter(
      (version) => !/^\d+\.\d+\.\d+$/.test(version),
    )
    expect(loose).toEqual([])
  })
})

function mayImport(from: string, target: string): boolean {
  if (from.startsWith('engines/')) {
    if (target.startsWith('engines/')) return from === 'engines/index.ts' || dirname(from) === dirname(target)
    return ENGINE_MAY_IMPORT.includes(roomOf(target))
  }
  const room = roomOf(from)
  const allowed = ROOMS[room] ?? []
  if (target.startsWith('engines/')) return room === 'app'
  return roomOf(target) === room || allowed.includes('*') || allowed.includes(roomOf(target))
}

/** `src/core/units.ts` -> core, `src/app.ts` -> app. */
function roomOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.ts$/, '')
}

function sourcesUnder(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const absolute = join(entry.parentPath, entry.name)
      const text = readFileSync(absolute, 'utf8')
      const names = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '')
      return {
        path: relative(ROOT, absolute),
        text,
        imports: names
          .filter((name) => name.startsWith('.'))
          .map((name) => relative(ROOT, resolve(dirname(absolute), name))),
        packages: names.filter((name) => /^[@a-z]/.test(name)),
      }
    })
}

/** Packages whose files are read instead of imported: `require.resolve` of a path in them. */
function packagesRead(text: string): readonly string[] {
  return [...text.matchAll(/require\.resolve\(['`]((?:@[^/'`]+\/)?[^/'`]+)\//g)].map(([, name = '']) => name)
}

/** The first cycle, as a list of files; null where there is none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const done = new Set<string>()
  const walk = (path: string, trail: readonly string[]): readonly string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return null
    for (const next of graph.get(path) ?? []) {
      const cycle = walk(next, [...trail, path])
      if (cycle) return cycle
    }
    done.add(path)
    return null
  }
  for (const path of graph.keys()) {
    const cycle = walk(path, [])
    if (cycle) return cycle
  }
  return null
}
