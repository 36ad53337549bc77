import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import fc from 'fast-check'
import { assert, describe, expect, it } from 'vitest'

import { createHouse } from '../../../src/app/house.ts'
import { inspectCandidate } from '../../../src/cli/init/candidate.ts'
import { ollamaModels } from '../../../src/cli/init/ollama.ts'
import { ollamaPlaces, usualPlaces } from '../../../src/cli/init/places.ts'
import { exampleProposal, nameAll, proposal, type Claimed, type Finds } from '../../../src/cli/init/propose.ts'
import { searchGguf } from '../../../src/cli/init/search.ts'
import type { Manifest } from '../../../src/core/index.ts'
import { GIB } from '../../../src/core/index.ts'
import { parseManifest } from '../../../src/manifest/index.ts'
import { ggufFile, type GgufValue } from '../../fixtures/gguf-bytes.ts'
import { writeTinyGguf } from '../../fixtures/tiny-gguf.ts'
import { runCommand } from '../../support/cli.ts'
import { expectGolden } from '../../support/golden-cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const { knowledge } = createHouse()

const FINDS: Finds = {
  claimable: 25 * GIB,
  total: 32 * GIB,
  gpu: 'no NVIDIA GPU found: models run on the host',
  llamaServer: { path: '/usr/bin/llama-server', version: '4719 (7b8443ac7)' },
  canInstall: true,
  vllm: null,
}

function weights(path: string, more: Partial<Claimed> = {}): Claimed {
  const bytes = more.bytes ?? 4 * GIB
  return {
    path,
    name: null,
    title: null,
    architecture: 'llama',
    trainedContext: 131_072,
    bytes,
    parts: 1,
    pooling: null,
    claim: Math.ceil(bytes * 1.2),
    ...more,
  }
}

function parse(text: string): Manifest {
  const result = parseManifest(text, { path: '/x/enginehouse.yaml', directory: '/x', knowledge })
  assert(result.kind === 'manifest', `${JSON.stringify(result, null, 1)}\n${text}`)
  return result.manifest
}

const search = (paths: readonly string[], more: Partial<Parameters<typeof searchGguf>[1]> = {}, depth = 8) =>
  searchGguf(
    paths.map((path) => ({ path, depth })),
    { entries: 1000, until: 1, now: () => 0, signal: new AbortController().signal, ...more },
  )

describe('the search', () => {
  function tree(): string {
    const root = temporaryDirectory()
    mkdirSync(join(root, 'a/b'), { recursive: true })
    mkdirSync(join(root, 'a/.hidden'))
    mkdirSync(join(root, 'node_modules'))
    for (const path of [
      'top.GGUF',
      'a/one.gguf',
      'a/b/two.gguf',
      'a/.hidden/no.gguf',
      'node_modules/no.gguf',
      'a/no.txt',
    ]) {
      writeFileSync(join(root, path), path)
    }
    return root
  }
  const names = ({ files }: { readonly files: readonly string[] }, root: string) =>
    files.map((path) => path.slice(root.length + 1)).toSorted()

  it('finds files by their name, and enters no hidden directory', async () => {
    const root = tree()
    expect(names(await search([root]), root)).toEqual(['a/b/two.gguf', 'a/one.gguf', 'top.GGUF'])
  })

  it('takes a file that is named, and enters a hidden directory that is', async () => {
    const root = tree()
    const paths = [join(root, 'a/one.gguf'), join(root, 'a/.hidden')]
    expect(names(await search(paths), root)).toEqual(['a/.hidden/no.gguf', 'a/one.gguf'])
  })

  it('goes no deeper than it may', async () => {
    const root = tree()
    expect(names(await search([root], {}, 0), root)).toEqual(['top.GGUF'])
    expect(names(await search([root], {}, 1), root)).toEqual(['a/one.gguf', 'top.GGUF'])
  })

  it('follows links round in circles once, and takes what many lead to once', async () => {
    const root = tree()
    symlinkSync('..', join(root, 'a/b/up'))
    symlinkSync('loop', join(root, 'loop'))
    symlinkSync('one.gguf', join(root, 'a/again.gguf'))
    symlinkSync('nowhere.gguf', join(root, 'a/broken.gguf'))
    const { files, cut } = await search([root, root])
    expect([files.length, cut]).toEqual([3, null])
  })

  it('ends when there are too many entries, when it takes too long, and when it is told to', async () => {
    const root = tree()
    expect((await search([root], { entries: 2 })).cut).toBe('there are more than 2 files')
    expect((await search([root], { now: () => 2 })).cut).toBe('it took too long')
    await expect(search([root], { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })

  it('passes over what is not there', async () => {
    expect(await search([join(temporaryDirectory(), 'none')])).toEqual({ files: [], cut: null })
  })

  it('looks where the variables say', () => {
    const paths = usualPlaces({ HOME: '/h', HF_HUB_CACHE: '/hub', LLAMA_CACHE: '/llama' }, '/here').map(
      ({ path }) => path,
    )
    expect(paths).toEqual(['/here', '/h/models', '/hub', '/llama', '/h/.lmstudio/models', '/h/.cache/lm-studio/models'])
    expect(usualPlaces({ HOME: '/h', HF_HOME: '/hf' }, '/here')[2]?.path).toBe('/hf/hub')
    expect(usualPlaces({ HOME: '/h', XDG_CACHE_HOME: '/c' }, '/here')[2]?.path).toBe('/c/huggingface/hub')
    expect(ollamaPlaces({ HOME: '/h', OLLAMA_MODELS: '/o' })).toEqual(['/o'])
  })
})

describe('a file', () => {
  function file(name: string, pairs: readonly (readonly [string, GgufValue])[]): string {
    const path = join(temporaryDirectory(), name)
    writeFileSync(path, ggufFile(pairs, []))
    return path
  }
  const text = (value: string): GgufValue => ({ type: 'string', value })
  const number = (value: number): GgufValue => ({ type: 'u32', value })
  const chat = [
    ['general.architecture', text('qwen3')],
    ['general.name', text('Qwen3 8B')],
    ['qwen3.context_length', number(40_960)],
  ] as const
  const inspect = (path: string) => inspectCandidate({ path, name: null })

  it('tells what is in it', async () => {
    const path = file('a.gguf', chat)
    expect(await inspect(path)).toEqual({
      kind: 'weights',
      weights: {
        path,
        name: null,
        title: 'Qwen3 8B',
        architecture: 'qwen3',
        trainedContext: 40_960,
        bytes: readFileSync(path).length,
        parts: 1,
        pooling: null,
      },
    })
  })

  it.each([
    [1, 'mean'],
    [2, 'cls'],
    [3, 'last'],
  ])('with pooling type %i makes vectors by %s', async (type, pooling) => {
    const path = file('a.gguf', [...chat, ['qwen3.pooling_type', number(type)]])
    expect(await inspect(path)).toMatchObject({ weights: { pooling } })
  })

  it('of an encoder makes vectors, whether it says so or not', async () => {
    const path = file('a.gguf', [
      ['general.architecture', text('nomic-bert')],
      ['nomic-bert.context_length', number(2048)],
    ])
    expect(await inspect(path)).toMatchObject({ weights: { pooling: 'mean' } })
  })

  it.each([
    ['a projector, by its name', 'mmproj-model-f16.gguf', chat, null],
    ['a matrix of importance', 'qwen.imatrix.gguf', chat, null],
    ['a draft head', 'mtp-qwen.gguf', chat, null],
    ['a later part', 'a-00002-of-00002.gguf', chat, null],
    ['a part without the others', 'a-00001-of-00002.gguf', chat, 'not all of its 2 parts are beside it'],
    ['an adapter', 'a.gguf', [...chat, ['general.type', text('adapter')]], 'of the type adapter'],
    ['a reranker', 'a.gguf', [...chat, ['qwen3.pooling_type', number(4)]], 'it is a reranker'],
    ['a model of images', 'a.gguf', [['general.architecture', text('flux')]], 'it is not a language model'],
  ] as const)('that is %s is left out', async (_name, name, pairs, why) => {
    const path = file(name, pairs)
    expect(await inspect(path)).toEqual({
      kind: 'left_out',
      path,
      why: why === null ? null : expect.stringContaining(why),
    })
  })

  it('that is none is left out with the reason', async () => {
    const path = join(temporaryDirectory(), 'a.gguf')
    writeFileSync(path, 'hello')
    expect(await inspect(path)).toMatchObject({ kind: 'left_out', why: expect.stringContaining('not a GGUF file') })
    expect(await inspect(`${path}x`)).toMatchObject({ kind: 'left_out', why: expect.stringContaining('ENOENT') })
  })

  it('in parts counts whole', async () => {
    const directory = temporaryDirectory()
    const sizes = [1, 2, 3].map((part) =>
      writeTinyGguf(join(directory, `big-0000${part}-of-00003.gguf`), { padBytes: part }),
    )
    const bytes = sizes.reduce((sum, size) => sum + size, 0)
    expect(await inspect(join(directory, 'big-00001-of-00003.gguf'))).toMatchObject({ weights: { bytes, parts: 3 } })
  })
})

describe('what Ollama pulled', () => {
  const digest = 'a'.repeat(64)
  const layers = [
    { mediaType: 'application/vnd.ollama.image.license', digest: `sha256:${'b'.repeat(64)}` },
    { mediaType: 'application/vnd.ollama.image.model', digest: `sha256:${digest}` },
  ]

  function store(manifests: Readonly<Record<string, string>>): string {
    const root = temporaryDirectory()
    for (const [path, text] of Object.entries(manifests)) {
      mkdirSync(dirname(join(root, 'manifests', path)), { recursive: true })
      writeFileSync(join(root, 'manifests', path), text)
    }
    return root
  }

  it('goes by its own names', async () => {
    const text = JSON.stringify({ layers })
    const root = store({ 'host/library/llama3.2/3b': text, 'host/joe/own/latest': text })
    expect(await ollamaModels(root, 10)).toEqual([
      { path: join(root, 'blobs', `sha256-${digest}`), name: 'joe/own:latest' },
      { path: join(root, 'blobs', `sha256-${digest}`), name: 'llama3.2:3b' },
    ])
    expect(await ollamaModels(root, 1)).toHaveLength(1)
  })

  it('is left alone where it cannot be read', async () => {
    const bad = JSON.stringify({ layers: [{ mediaType: 'x.image.model', digest: 'sha256:../../etc/passwd' }] })
    expect(await ollamaModels(store({ 'h/l/m/broken': '{', 'h/l/m/other': '{}', 'h/l/m/bad': bad }), 10)).toEqual([])
    expect(await ollamaModels('/nowhere', 10)).toEqual([])
  })
})

describe('the proposal', () => {
  const models = [
    weights('/srv/models/Qwen3-8B-Q4_K_M.gguf', { title: 'Qwen3 8B', architecture: 'qwen3', trainedContext: 40_960 }),
    weights('/srv/models/huge-00001-of-00003.gguf', { bytes: 120 * GIB, parts: 3 }),
    weights('/hub/models--nomic-ai--embed/snapshots/0af/embed.gguf', {
      architecture: 'nomic-bert',
      trainedContext: 2000,
      pooling: 'mean',
    }),
    weights('/srv/Weights of mine/${X}: #1.gguf', { title: 'line\nbreak' }),
  ]

  it.each([
    ['init.yaml', proposal(nameAll(models, FINDS.claimable), FINDS)],
    [
      'init-bare.yaml',
      proposal(nameAll(models.slice(0, 1), FINDS.claimable), {
        ...FINDS,
        llamaServer: null,
        vllm: '/opt/vllm/bin/vllm',
        gpu: '2 x NVIDIA L40S, driver 550.54; this version runs models on the host only',
      }),
    ],
    [
      'init-example.yaml',
      exampleProposal(readFileSync('configs/quickstart.yaml', 'utf8'), {
        ...FINDS,
        llamaServer: null,
        canInstall: false,
      }),
    ],
  ])('%s', (file, text) => {
    parse(text)
    return expectGolden(file, text)
  })

  it('gives each its own name, and the default to one that writes text and fits', () => {
    const named = nameAll(
      [
        weights('/1/a.gguf', { bytes: 120 * GIB }),
        weights('/2/A.gguf'),
        weights('/3/default.gguf'),
        weights('/4/load.gguf'),
        weights('/5/x.gguf', { name: 'llama3.2:3b' }),
      ],
      FINDS.claimable,
    )
    expect(named.map(({ name, isDefault }) => [name, isDefault])).toEqual([
      ['A', true],
      ['a-2', false],
      ['default-2', false],
      ['llama3.2:3b', false],
      ['model', false],
    ])
    expect(nameAll([weights('/e.gguf', { pooling: 'cls' })], GIB).map(({ isDefault }) => isDefault)).toEqual([false])
  })

  it('is valid, whatever the files are called and say', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
      fc.constantFrom(
        'null',
        'true',
        '1.10',
        '~',
        '- a',
        'a: b',
        '#x',
        '${HOME}',
        '$${x}',
        "it's",
        '"q"',
        'é',
        '日本',
        'a\nb',
        '\u2028',
        '{{x}}',
        '*a',
        '&a',
        '!t',
        '%',
        '@',
        '`',
        '<<',
        '__proto__',
        'constructor',
      ),
    )
    const found = fc.record({
      path: name.map((each) => `/srv/${each.replaceAll('\0', '')}.gguf`),
      name: fc.option(name),
      title: fc.option(name),
      architecture: name,
      trainedContext: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      bytes: fc.integer({ min: 1, max: 2 ** 45 }),
      parts: fc.integer({ min: 1, max: 99 }),
      pooling: fc.constantFrom(null, 'mean', 'cls', 'last'),
    })
    fc.assert(
      fc.property(fc.array(found, { minLength: 1, maxLength: 8 }), (files) => {
        const named = nameAll(
          files.map((file) => weights(file.path, file as Partial<Claimed>)),
          FINDS.claimable,
        )
        const manifest = parse(proposal(named, FINDS))
        expect([...manifest.models.keys()]).toEqual(named.map((model) => model.name))
        for (const model of named) {
          expect(manifest.models.get(model.name)?.source).toEqual([{ kind: 'file', path: model.weights.path }])
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('init', () => {
  /** A home and a place of its own, so that nothing of this host is found. */
  function home(): { readonly environment: Record<string, string>; readonly path: string } {
    const path = temporaryDirectory()
    return { path, environment: { HOME: path, PATH: '', ENGINEHOUSE_STATE_DIR: join(path, 'state') } }
  }

  it('prints what is valid, over generated trees', async () => {
    const part = fc.stringMatching(/^[a-zA-Z0-9 #:$"'{}\-_.é]{1,12}$/).filter((text) => !/^\.+$/.test(text))
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.array(part, { maxLength: 2 }), part, fc.boolean()), {
          selector: ([d, n]) => [...d, n].join('/'),
          maxLength: 6,
        }),
        async (tree) => {
          const { environment, path } = home()
          const root = join(path, 'tree')
          mkdirSync(root)
          let whole = 0
          for (const [directories, name, isWhole] of tree) {
            const file = join(root, ...directories, `${name}.gguf`)
            if (directories.some((each) => each.startsWith('.')) || existsSync(file)) continue
            mkdirSync(dirname(file), { recursive: true })
            if (isWhole) writeTinyGguf(file)
            else writeFileSync(file, 'GGUF and no more')
            whole += isWhole ? 1 : 0
          }
          const { exit, stdout } = await runCommand(['init', root, '--quiet'], { environment })
          expect(exit).toBe(0)
          expect(parse(stdout).models.size).toBe(Math.max(1, whole))
        },
      ),
      { numRuns: 25 },
    )
  })

  it('proposes the example where nothing is found', async () => {
    const { environment, path } = home()
    const { exit, stdout, stderr } = await runCommand(['init', path], { environment })
    expect([exit, [...parse(stdout).models.keys()]]).toEqual([0, ['smollm2']])
    expect(stderr).toContain(`No model was found in ${path}.`)
  })

  it('says what it left out, on stderr', async () => {
    const { environment, path } = home()
    writeTinyGguf(join(path, 'good.gguf'))
    writeFileSync(join(path, 'bad.gguf'), 'hello')
    const { exit, stdout, stderr } = await runCommand(['init', path], { environment })
    expect([exit, [...parse(stdout).models.keys()]]).toEqual([0, ['good']])
    expect(stderr).toContain(`Left out ${join(path, 'bad.gguf')}: `)
  })

  it('--json has the manifest and what it was made from', async () => {
    const { environment, path } = home()
    writeTinyGguf(join(path, 'good.gguf'), { name: 'A good one' })
    const { stdout } = await runCommand(['init', path, '--json'], { environment })
    const { manifest, written, models, left_out: leftOut, cut } = JSON.parse(stdout)
    expect([written, leftOut, cut]).toEqual([null, [], null])
    expect(models).toMatchObject([{ name: 'good', title: 'A good one', default: true, parts: 1 }])
    expect(parse(manifest).models.has('good')).toBe(true)
  })

  it('-o writes it with its schema, and replaces nothing that it was not told to', async () => {
    const { environment, path } = home()
    const file = join(path, 'new.yaml')
    const first = await runCommand(['init', path, '-o', file], { environment })
    expect([first.exit, first.stdout]).toEqual([0, `${file}: an example\n`])
    expect(readFileSync(file, 'utf8')).toContain('smollm2')
    expect(JSON.parse(readFileSync(join(path, 'manifest.schema.json'), 'utf8')).title).toBe('Manifest of Enginehouse')

    writeFileSync(file, 'mine')
    writeFileSync(join(path, 'manifest.schema.json'), 'mine too')
    const second = await runCommand(['init', path, '-o', file, '--json'], { environment })
    expect([second.exit, JSON.parse(second.stdout).error.code]).toEqual([1, 'file_exists'])
    expect(readFileSync(file, 'utf8')).toBe('mine')

    const third = await runCommand(['init', path, '-o', file, '--force'], { environment })
    expect(third.exit).toBe(0)
    expect(readFileSync(file, 'utf8')).toContain('smollm2')
    expect(readFileSync(join(path, 'manifest.schema.json'), 'utf8')).toBe('mine too')
  })

  it('fails where it cannot write, and for a place that is not there', async () => {
    const { environment, path } = home()
    const nowhere = await runCommand(['init', path, '-o', join(path, 'no/such/x.yaml')], { environment })
    expect([nowhere.exit, nowhere.stderr]).toEqual([1, expect.stringContaining('could not be written')])
    const missing = await runCommand(['init', join(path, 'none')], { environment })
    expect([missing.exit, missing.stderr]).toEqual([2, expect.stringContaining('There is nothing at')])
  })
})
