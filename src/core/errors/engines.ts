import type { Facts } from './spec.ts'
import { client, define, EXIT, server } from './spec.ts'
import type { Nearest } from './words.ts'
import { didYouMean, list, quote } from './words.ts'

interface ProgramFacts extends Facts {
  readonly engine: string
  /** Null: it says none. */
  readonly version: string | null
  readonly program: string
}

function programOf({ engine, version, program }: ProgramFacts): string {
  return `${version === null ? engine : `${engine} ${version}`} at ${program}`
}

/** What engines and weights need and do not find. */
export const ENGINE_ERRORS = Object.freeze({
  engine_not_installed: define<{ engine: string; looked: readonly string[]; next?: string }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'not_by_itself',
    sentence: (f) => `The engine ${f.engine} was not found at ${list(f.looked)}.`,
    next: (f) => f.next ?? `Run \`enginehouse engines install ${f.engine}\`, or set \`engines.${f.engine}.path\`.`,
    example: { engine: 'llama-server', looked: ['PATH'] },
  }),
  engine_flag_unknown: define<ProgramFacts & { flag: string } & Nearest>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'not_by_itself',
    sentence: (f) => `${programOf(f)} does not know ${quote(f.flag)}.`,
    next: (f) =>
      didYouMean(f.nearest) || 'Remove it from `args` of the model, or get a version of the engine that has it.',
    example: {
      engine: 'llama-server',
      version: '4719 (7b8443ac7)',
      program: '/usr/bin/llama-server',
      flag: '--jinj',
      nearest: ['--jinja'],
    },
    about:
      'The flags are those of the program’s own help. A program that is not there yet, or whose help is not understood, ' +
      'stands against nothing.',
  }),
  engine_program_unfit: define<ProgramFacts & { flags: readonly string[] }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'not_by_itself',
    sentence: (f) => `${programOf(f)} does not know ${list(f.flags)}, which it would be started with.`,
    next: (f) =>
      `Get another version of it; \`enginehouse engines doctor ${f.engine}\` says how, and \`engines.${f.engine}.path\` names one.`,
    example: {
      engine: 'llama-server',
      version: '4719 (7b8443ac7)',
      program: '/usr/bin/llama-server',
      flags: ['--no-ui', '--ctx-checkpoints'],
    },
    about:
      'Each engine is started with flags that say what memory it may take and where it listens. A program that is too ' +
      'old, or too new, to know them all is not started.',
  }),
  engine_spawn_failed: define<{ program: string; why: string }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'not_by_itself',
    sentence: (f) => `The engine's program ${quote(f.program)} could not be started: ${f.why}.`,
    next: 'Correct the command or the permissions, then load the model again.',
    example: { program: 'python3', why: 'no such file' },
  }),
  no_free_port: define<{ first: number; last: number }>({
    ...server,
    status: 503,
    fault: 'host',
    retry: 'later',
    sentence: (f) => `Every port from ${f.first} to ${f.last} on 127.0.0.1 is taken.`,
    next: 'Find out what listens on so many ports (`ss -ltnp`), and stop it.',
    example: { first: 20_000, last: 29_999 },
  }),
  engine_unknown: define<{ engine: string; wanted?: 'install' | 'look_at' } & Nearest>({
    ...client,
    status: 404,
    fault: 'operator',
    exit: EXIT.usage,
    sentence: (f) =>
      `There is no engine ${quote(f.engine)} that this version ${f.wanted === 'look_at' ? 'knows' : 'can install'}.`,
    next: (f) => didYouMean(f.nearest) || '`enginehouse engines list` shows them.',
    example: { engine: 'llama', nearest: ['llama-server'] },
  }),
  engine_not_installable: define<{ engine: string; next: string }>({
    ...client,
    status: 400,
    fault: 'operator',
    exit: EXIT.usage,
    sentence: (f) => `This version does not install the engine ${f.engine}.`,
    next: (f) => f.next,
    example: { engine: 'tgi', next: 'Set `engines.tgi.image` to a container image of it.' },
  }),
  engine_install_failed: define<{ engine: string; why: string; next: string }>({
    ...server,
    status: 500,
    fault: 'host',
    retry: 'later',
    sentence: (f) => `The engine ${f.engine} could not be installed: ${f.why}.`,
    next: (f) => f.next,
    example: {
      engine: 'llama-server',
      why: 'the package could not be fetched',
      next: 'Install llama-server from elsewhere and set `engines.llama-server.path`.',
    },
  }),
  engine_file_wrong: define<{ model: string; flag: string; path: string; why: string }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'not_by_itself',
    sentence: (f) =>
      `The file ${f.path}, which ${quote(f.model)} names in \`args.${f.flag}\`, cannot be used: ${f.why}.`,
    next: 'Put the file there, or correct `args` in the manifest; a relative path starts where the manifest is.',
    example: {
      model: 'chat',
      flag: 'mmproj',
      path: './weights/mmproj.gguf',
      why: 'no such file or directory (ENOENT)',
    },
    about: 'Its header is read before anything is started, as the memory for it is claimed.',
  }),
  weights_missing: define<{ model: string; path: string }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'not_by_itself',
    sentence: (f) => `The weights of ${quote(f.model)} are not at ${f.path}.`,
    next: 'Put the file there, or correct `source` in the manifest.',
    example: { model: 'chat', path: './weights/chat.gguf' },
  }),
  weights_wrong: define<{ model: string; path: string; why: string }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'not_by_itself',
    sentence: (f) => `The weights of ${quote(f.model)} at ${f.path} cannot be used: ${f.why}.`,
    next: 'Replace the file, or correct `source` in the manifest.',
    example: { model: 'chat', path: './weights/chat.gguf', why: 'it is not a GGUF file' },
    about:
      'The file is there and is not what it should be: cut short, of another format, or with another digest than the manifest says.',
  }),
  weights_fetch_failed: define<{ model: string; why: string }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'later',
    sentence: (f) => `The weights of ${quote(f.model)} could not be fetched: ${f.why}.`,
    next: 'Correct `source` in the manifest or what it needs, then load the model again.',
    example: { model: 'chat', why: 'the program ended with code 1' },
  }),
})
