import { describe, expect, test } from 'vitest'
import { nextOf, sentenceOf } from '../../../src/core/index.ts'
import { ON_CPU, ON_GPU, parseBad } from './helpers.ts'

/** Name, text with ▶ before each place where a problem is expected, then for each its code and a part of its words. */
type Case = readonly [name: string, text: string, ...problems: readonly (readonly [code: string, words: string])[]]

const SHA = 'a'.repeat(64)

/** A manifest with one llama-server model, its further keys given. */
const llama = (...lines: readonly string[]): string =>
  [
    'version: 1',
    'models:',
    '  m:',
    '    engine: llama-server',
    '    source: file:m.gguf',
    ...lines.map((l) => `    ${l}`),
    '',
  ].join('\n')

const command = (...lines: readonly string[]): string =>
  [
    'version: 1',
    'models:',
    '  m:',
    '    engine: command',
    '    command: [serve]',
    ...lines.map((l) => `    ${l}`),
    '',
  ].join('\n')

const top = (...lines: readonly string[]): string => ['version: 1', 'models: {}', ...lines, ''].join('\n')

const YAML_TEXT: readonly Case[] = [
  ['an empty file', '▶', ['manifest_conflict', 'The manifest is empty.']],
  ['only comments', '▶# nothing yet\n', ['manifest_conflict', 'The manifest is empty.']],
  ['only a document mark', '▶---\n', ['manifest_conflict', 'The manifest is empty.']],
  ['a text at the top', '▶hello\n', ['manifest_value', 'The manifest must be a mapping of keys, not "hello".']],
  ['a list at the top', '▶- version: 1\n', ['manifest_value', 'not a list']],
  ['two documents', 'version: 1\n▶---\nmodels: {}\n', ['manifest_syntax', 'a manifest is one document']],
  [
    'a tab as indentation',
    'version: 1\nserver:\n▶\tmax_queue: 1\n',
    ['manifest_syntax', 'a tab cannot indent; use spaces'],
  ],
  ['a bad indentation', 'version: ▶1\n  models: {}\n', ['manifest_syntax', 'a key cannot stand here']],
  ['an open list', 'version: 1\nmodels: [▶a\n', ['manifest_syntax', 'This is not valid YAML: flow sequence']],
  ['an open quote', 'version: "▶1\n', ['manifest_syntax', 'missing closing "quote']],
  ['a v6 address without quotes', 'server:\n  listen: [::1]▶:8080\n', ['manifest_syntax', 'unexpected scalar']],
  [
    'a duplicate key',
    'version: 1\nmodels: {}\n▶version: 1\n',
    ['manifest_syntax', 'the key "version" is written twice'],
  ],
  [
    'a duplicate model',
    'version: 1\nmodels:\n  a: { engine: command, command: [x] }\n  ▶a: { engine: command, command: [x] }\n',
    ['manifest_syntax', 'the key "a" is written twice'],
  ],
  ['a tag of ours', 'version: 1\nmodels: ▶!env MODELS\n', ['manifest_syntax', 'unresolved tag: !env']],
  ['a tag of JavaScript', 'version: 1\nmodels: ▶!!js/function x\n', ['manifest_syntax', 'js/function']],
  ['a set', 'version: 1\nmodels: {}\nx-set: !!set ▶{ a, b }\n', ['manifest_syntax', 'is not known here']],
  ['binary data', 'version: 1\nmodels: !!binary ▶aGVsbG8=\n', ['manifest_syntax', 'binary']],
  ['YAML 1.1', '▶%YAML 1.1\n---\nversion: 1\nmodels: {}\n', ['manifest_syntax', 'read as YAML 1.2, not 1.1']],
  ['an unknown directive', '▶%FOO bar\n---\nversion: 1\n', ['manifest_syntax', 'unknown directive %FOO']],
  ['a key that is a list', 'version: 1\n? ▶[a]\n: 1\n', ['manifest_syntax', 'a key must be plain text']],
  [
    'an alias without an anchor',
    'version: 1\nmodels: ▶*missing\n',
    ['manifest_syntax', 'no anchor &missing stands before'],
  ],
  ['an alias of what contains it', 'version: 1\nmodels: &a { b: ▶*a }\n', ['manifest_syntax', 'contains it']],
  ['a merge of text', 'version: 1\nmodels: {}\n<<: ▶hello\n', ['manifest_syntax', '<< takes a mapping']],
  ['a NUL', 'version: 1\nmodels: "▶\0"\n', ['manifest_syntax', 'NUL']],
  [
    'the key __proto__',
    'version: 1\nmodels: {}\n▶__proto__: { a: 1 }\n',
    ['manifest_unknown_key', '"__proto__" at the top'],
  ],
  [
    'a model __proto__',
    'version: 1\nmodels:\n  ▶__proto__: { engine: command, command: [x] }\n',
    ['manifest_unknown_key', '"__proto__" under models'],
  ],
]

const SECTIONS: readonly Case[] = [
  ['no version', '▶models: {}\n', ['manifest_missing_key', 'The manifest needs "version"']],
  ['no models', '▶version: 1\n', ['manifest_missing_key', 'The manifest needs "models"']],
  ['a later version', 'version: ▶2\nmodels: {}\n', ['manifest_value', 'version must be 1, not 2.']],
  ['a version in quotes', 'version: ▶"1"\nmodels: {}\n', ['manifest_value', 'version must be 1, not "1".']],
  ['a version 1.0', 'version: ▶1.0\nmodels: {}\n', ['manifest_value', 'version must be 1, not "1.0".']],
  [
    'an unknown key',
    top('▶sever: {}'),
    ['manifest_unknown_key', 'There is no key "sever" at the top. Did you mean "server"?'],
  ],
  ['a key of a later version', top('▶weights: {}'), ['manifest_key_not_supported', '"weights" is not supported']],
  ['a section without keys', top('▶server:'), ['manifest_value', 'server must be a mapping of keys, not nothing.']],
  ['a section that is a list', top('server: ▶[listen]'), ['manifest_value', 'not a list']],
  [
    'models that are a list',
    'version: 1\nmodels: ▶[a]\n',
    ['manifest_value', 'models must be a mapping of keys, not a list.'],
  ],
  ['server.auth', top('server: { ▶auth: keys }'), ['manifest_key_not_supported', '"server.auth"']],
  [
    'server.cors and hosts',
    top('server: { ▶cors: [local], ▶hosts: [auto] }'),
    ['manifest_key_not_supported', 'cors'],
    ['manifest_key_not_supported', 'hosts'],
  ],
  [
    'a misspelt key of server',
    top('server:', '  ▶max_qeue: 3'),
    ['manifest_unknown_key', 'under server. Did you mean "max_queue"?'],
  ],
  [
    'listen on all addresses',
    top('server:', '  listen: ▶0.0.0.0:8080'),
    ['manifest_conflict', 'keys are not supported by this version'],
  ],
  [
    'listen on a v6 address',
    top('server:', '  listen: ▶"[2001:db8::1]:80"'),
    ['manifest_conflict', '[2001:db8::1]:80'],
  ],
  ['listen on a host name', top('server:', '  listen: ▶gpu1.lan:80'), ['manifest_conflict', 'gpu1.lan:80']],
  [
    'listen on what looks like loopback',
    top('server:', '  listen: ▶127.0.0.1.example.com:80'),
    ['manifest_conflict', 'other hosts can reach'],
  ],
  ['listen without a host', top('server:', '  listen: ▶:8080'), ['manifest_value', 'server.listen must be HOST:PORT']],
  ['listen with only a port', top('server:', '  listen: ▶8080'), ['manifest_value', 'not 8080']],
  ['a port that is none', top('server:', '  listen: ▶localhost:65536'), ['manifest_value', 'localhost:65536']],
  ['a relative socket', top('server:', '  listen: ▶unix:run.sock'), ['manifest_value', 'unix:/PATH']],
  [
    'a socket path that is too long',
    top('server:', `  listen: ▶unix:/${'a'.repeat(107)}`),
    ['manifest_value', 'unix:/PATH'],
  ],
  [
    'a body limit of nothing',
    top('server: { max_body: ▶0 }'),
    ['manifest_value', 'server.max_body must be a size from 1B to 2GiB, not 0.'],
  ],
  ['a queue below zero', top('server: { max_queue: ▶-1 }'), ['manifest_value', 'a whole number from 0']],
  ['an octal queue', top('server: { max_queue: ▶0o17 }'), ['manifest_value', 'not "0o17"']],
  ['vllm', top('engines: { ▶vllm: { path: auto } }'), ['manifest_key_not_supported', '"engines.vllm"']],
  [
    'a misspelt engine',
    top('engines: { ▶llama-sever: { path: auto } }'),
    ['manifest_unknown_key', 'Did you mean "llama-server"?'],
  ],
  [
    'an engine path with ~',
    top('engines: { llama-server: { path: ▶~/bin/llama-server } }'),
    ['manifest_value', '~ is not expanded'],
  ],
  ['memory.resources', top('memory: { ▶resources: {} }'), ['manifest_key_not_supported', '"memory.resources"']],
  ['a share over the whole', top('memory: { host: ▶120% }'), ['manifest_value', 'a share such as 80%']],
  [
    'a reserve of words',
    top('memory: { reserve: ▶lots }'),
    ['manifest_value', 'memory.reserve must be a size such as 24GiB, not "lots".'],
  ],
  [
    'a source as default',
    top('defaults: { ▶source: file:a.gguf }'),
    ['manifest_unknown_key', '"source" under defaults'],
  ],
  [
    'a bad default that two models share',
    'version: 1\ndefaults: { ttl: ▶soon }\nmodels:\n  a: { engine: command, command: [x] }\n  b: { engine: command, command: [x] }\n',
    ['manifest_value', 'defaults.ttl must be a duration'],
  ],
  [
    'ttl beside keep: always in defaults',
    'version: 1\ndefaults: { keep: always, ttl: ▶1h }\nmodels:\n  a: { engine: command, command: [x] }\n',
    ['manifest_conflict', 'defaults.ttl would do nothing'],
  ],
]

const MODELS: readonly Case[] = [
  [
    'no engine',
    'version: 1\nmodels:\n  ▶m: { source: file:m.gguf }\n',
    ['manifest_missing_key', 'models.m needs "engine"'],
  ],
  [
    'a model without keys',
    'version: 1\nmodels:\n  ▶m:\n',
    ['manifest_value', 'models.m must be a mapping of keys, not nothing.'],
  ],
  [
    'engine vllm',
    'version: 1\nmodels:\n  m: { engine: ▶vllm }\n',
    ['manifest_key_not_supported', '"engine: vllm" is not supported'],
  ],
  [
    'a misspelt engine',
    'version: 1\nmodels:\n  m: { engine: ▶lama-server, source: file:m }\n',
    ['manifest_value', 'Did you mean "llama-server"?'],
  ],
  ['variants', llama('▶variants: []'), ['manifest_key_not_supported', '"models.m.variants"']],
  [
    'fallback, load, start and offload',
    llama('▶fallback: x', '▶load: {}', '▶start: {}', '▶offload: {}'),
    ...['fallback', 'load', 'start', 'offload'].map(
      (key) => ['manifest_key_not_supported', `models.m.${key}`] as const,
    ),
  ],
  [
    'cwd, stop and capabilities',
    command('▶cwd: .', '▶stop: {}', '▶capabilities: []'),
    ...['cwd', 'stop', 'capabilities'].map((key) => ['manifest_key_not_supported', `models.m.${key}`] as const),
  ],
  [
    'a misspelt key',
    llama('▶contxt: 4096'),
    ['manifest_unknown_key', 'There is no key "contxt" under models.m. Did you mean "context"?'],
  ],
  [
    'a name with a slash in front',
    'version: 1\nmodels:\n  ▶/m: { engine: command, command: [x] }\n',
    ['manifest_name', 'not allowed'],
  ],
  [
    'a name that climbs',
    'version: 1\nmodels:\n  ▶a/../b: { engine: command, command: [x] }\n',
    ['manifest_name', '.. between slashes'],
  ],
  [
    'a name of a route',
    'version: 1\nmodels:\n  ▶unload-all: { engine: command, command: [x] }\n',
    ['manifest_name', 'a route has this name'],
  ],
  [
    'a name that is too long',
    `version: 1\nmodels:\n  ▶${'a'.repeat(129)}: { engine: command, command: [x] }\n`,
    ['manifest_name', '129 characters'],
  ],
  [
    'a name that is empty',
    'version: 1\nmodels:\n  ▶"": { engine: command, command: [x] }\n',
    ['manifest_name', 'empty'],
  ],
  ['an alias that is no name', llama('aliases: [ok, ▶-x]'), ['manifest_name', '"-x"']],
  [
    'an alias that is another model',
    'version: 1\nmodels:\n  a: { engine: command, command: [x], aliases: [b] }\n  ▶b: { engine: command, command: [x] }\n',
    ['manifest_name_taken', '"b" already stands for the model "a"'],
  ],
  [
    'an alias twice',
    'version: 1\nmodels:\n  a: { engine: command, command: [x], aliases: [n] }\n  b: { engine: command, command: [x], aliases: [▶n] }\n',
    ['manifest_name_taken', '"n" already stands for the model "a"'],
  ],
  ['an alias that is its own model', llama('aliases: [▶m]'), ['manifest_name_taken', '"m"']],
  [
    'aliases as text',
    llama('aliases: ▶coder'),
    ['manifest_value', 'models.m.aliases must be a list of names, not "coder".'],
  ],
  [
    'no source',
    'version: 1\nmodels:\n  ▶m: { engine: llama-server }\n',
    ['manifest_missing_key', 'models.m needs "source"'],
  ],
  [
    'a source from the hub',
    'version: 1\nmodels:\n  m: { engine: llama-server, source: ▶hf:org/repo }\n',
    ['manifest_key_not_supported', 'a source hf:'],
  ],
  [
    'a source by https',
    'version: 1\nmodels:\n  m: { engine: llama-server, source: ▶https://example.com/m.gguf }\n',
    ['manifest_key_not_supported', 'a source https:'],
  ],
  [
    'a source by https with its digest',
    `version: 1\nmodels:\n  m: { engine: llama-server, source: { ▶https: u, sha256: ${SHA} } }\n`,
    ['manifest_key_not_supported', 'models.m.source.https'],
  ],
  [
    'a source that is a path',
    'version: 1\nmodels:\n  m: { engine: llama-server, source: ▶./m.gguf }\n',
    ['manifest_value', 'Did you mean "file:./m.gguf"?'],
  ],
  [
    'a source with ~',
    'version: 1\nmodels:\n  m: { engine: llama-server, source: ▶file:~/m.gguf }\n',
    ['manifest_value', 'file:PATH'],
  ],
  [
    'a source on another machine',
    'version: 1\nmodels:\n  m: { engine: llama-server, source: ▶file://host/m.gguf }\n',
    ['manifest_value', 'file:PATH'],
  ],
  [
    'no sources',
    'version: 1\nmodels:\n  m: { engine: llama-server, source: ▶[] }\n',
    ['manifest_value', 'not an empty list'],
  ],
  [
    'the second source',
    'version: 1\nmodels:\n  m: { engine: llama-server, source: [file:a, ▶5] }\n',
    ['manifest_value', 'models.m.source[1] must be file:PATH'],
  ],
  [
    'exec without sha256',
    'version: 1\nmodels:\n  m: { engine: llama-server, ▶source: { exec: [get, "{dest}"] } }\n',
    ['manifest_missing_key', 'models.m.source needs "sha256"'],
  ],
  [
    'exec with a misspelt sha256',
    `version: 1\nmodels:\n  m: { engine: llama-server, source: { exec: [get, "{dest}"], ▶sha265: ${SHA} } }\n`,
    ['manifest_unknown_key', 'Did you mean "sha256"?'],
  ],
  [
    'exec without {dest}',
    `version: 1\nmodels:\n  m: { engine: llama-server, source: { exec: ▶[get, x], sha256: ${SHA} } }\n`,
    ['manifest_value', 'has {dest}'],
  ],
  [
    'exec as a line',
    `version: 1\nmodels:\n  m: { engine: llama-server, source: { exec: ▶"get {dest}", sha256: ${SHA} } }\n`,
    ['manifest_value', 'an argv list that has {dest}'],
  ],
  [
    'a short digest',
    'version: 1\nmodels:\n  m: { engine: llama-server, source: { exec: [get, "{dest}"], sha256: ▶abc } }\n',
    ['manifest_value', 'the 64 hex digits'],
  ],
  ['a GPU where none is read', llama('gpus: ▶any'), ['manifest_conflict', 'models.m.gpus asks for a GPU']],
  [
    'a context of nothing',
    llama('context: ▶0'),
    ['manifest_value', 'models.m.context must be a count of tokens such as 4096 or 64k, not 0.'],
  ],
  ['a context in bytes', llama('context: ▶64KiB'), ['manifest_value', '64k']],
  ['half a request', llama('parallel: ▶1.5'), ['manifest_value', 'a whole number from 1']],
  ['parallel as text', llama('parallel: ▶"2"'), ['manifest_value', 'a whole number from 1 to 1024, not "2"']],
  ['no concurrency', llama('concurrency: ▶0'), ['manifest_value', 'models.m.concurrency']],
  [
    'memory of words',
    llama('memory: ▶24 gigs'),
    ['manifest_value', 'a size such as 24GiB, all, or { device, host }, not "24 gigs".'],
  ],
  ['all of nothing', llama('memory: ▶all'), ['manifest_conflict', 'claims a GPU']],
  ['memory of a device without one', llama('memory: ▶{ device: 4GiB }'), ['manifest_conflict', 'claims a GPU']],
  [
    'a misspelt part of memory',
    llama('memory: { host: 4GiB, ▶devise: 4GiB }'),
    ['manifest_unknown_key', 'Did you mean "device"?'],
  ],
  ['an infinite ttl', llama('ttl: ▶.inf'), ['manifest_value', 'a duration such as 90s or 5m, or never, not ".inf".']],
  ['a ttl below zero', llama('ttl: ▶-1'), ['manifest_value', 'not -1']],
  ['a huge ttl', llama('ttl: ▶1e309'), ['manifest_value', '1e309']],
  [
    'ttl beside keep: always',
    llama('keep: always', 'ttl: ▶1h'),
    ['manifest_conflict', 'models.m.ttl would do nothing'],
  ],
  ['an unknown keep', llama('keep: ▶alway'), ['manifest_value', 'Did you mean "always"?']],
  ['an unknown priority', llama('priority: ▶1'), ['manifest_value', 'low, normal or high']],
  [
    'a reserved flag',
    llama('args: { ▶host: 0.0.0.0 }'),
    ['manifest_flag_reserved', 'the daemon chooses where the engine listens'],
  ],
  [
    'a reserved flag, spelt another way',
    llama('args: { ▶--ctx_size: 1 }'),
    ['manifest_flag_reserved', '`context` says it'],
  ],
  ['a reserved flag as a value', llama('args: { verbose: ▶--host=0.0.0.0 }'), ['manifest_flag_reserved', '"--host"']],
  ['a flag with its value', llama('args: { ▶"x=1": true }'), ['manifest_value', 'without its value']],
  ['a flag twice', llama('args: { top-k: 1, ▶top_k: 2 }'), ['manifest_conflict', 'spelt another way']],
  [
    'a mapping as a flag',
    llama('args: { jinja: ▶{ a: 1 } }'),
    ['manifest_value', 'models.m.args.jinja must be true, false, text'],
  ],
  [
    'args as a list',
    llama('args: ▶[--jinja]'),
    ['manifest_value', 'a mapping of flags, such as { jinja: true }, not a list.'],
  ],
  ['a variable without a value', llama('env: { ▶A: }'), ['manifest_value', 'write "" for an empty value']],
  ['a variable that is no name', llama('env: { ▶A-B: 1 }'), ['manifest_value', 'letters, digits and _']],
  [
    'a variable that the daemon sets',
    llama('env: { ▶CUDA_VISIBLE_DEVICES: 0 }'),
    ['manifest_conflict', 'set by the daemon'],
  ],
  [
    'a variable in a value',
    llama('env: { A: ▶"${HOME}/x" }'),
    ['manifest_key_not_supported', '${…} in models.m.env.A'],
  ],
  [
    'a variable in place of a number',
    llama('parallel: ▶"${N:-2}"'),
    ['manifest_key_not_supported', '${…} in models.m.parallel'],
  ],
  ['an escaped NUL', llama('env: { A: ▶"x\\0y" }'), ['manifest_value', 'without a NUL']],
  [
    'a command for llama-server',
    llama('command: ▶[x]'),
    ['manifest_conflict', 'models.m.command is for the engine command'],
  ],
  [
    'a health of llama-server',
    llama('health: ▶{ path: /h }'),
    ['manifest_conflict', 'models.m.health is for the engine command'],
  ],
  ['a served name of llama-server', llama('served_name: ▶x'), ['manifest_conflict', 'models.m.served_name']],
  [
    'a port and a socket',
    'version: 1\nmodels:\n  m: { engine: command, command: ▶[x, "{port}", "{socket}"] }\n',
    ['manifest_conflict', 'Keep one of the two.'],
  ],
  [
    'a path of weights without a source',
    'version: 1\nmodels:\n  m: { engine: command, command: ▶[x, "{model_path}"] }\n',
    ['manifest_conflict', 'the model has no source'],
  ],
  [
    'no command',
    'version: 1\nmodels:\n  ▶m: { engine: command }\n',
    ['manifest_missing_key', 'models.m needs "command"'],
  ],
  [
    'a command as a line',
    'version: 1\nmodels:\n  m: { engine: command, command: ▶"serve --port 1; rm x" }\n',
    ['manifest_value', 'an argv list, such as [python3, server.py, --port, "{port}"]'],
  ],
  [
    'a command of nothing',
    'version: 1\nmodels:\n  m: { engine: command, command: ▶[] }\n',
    ['manifest_value', 'an empty list'],
  ],
  [
    'a misspelt macro',
    'version: 1\nmodels:\n  m: { engine: command, command: [serve, ▶"{prot}"] }\n',
    ['manifest_value', 'Did you mean "{port}"?'],
  ],
  [
    'a health path that is none',
    command('health: { path: ▶health }'),
    ['manifest_value', 'models.m.health.path must be a path such as /health'],
  ],
  [
    'a health status that is none',
    command('health: { status: ▶20 }'),
    ['manifest_value', 'a whole number from 200 to 599'],
  ],
  ['an unknown key of health', command('health: { ▶stat: 200 }'), ['manifest_unknown_key', 'Did you mean "status"?']],
  ['a served name with spaces', command('served_name: ▶a b'), ['manifest_value', 'a name without spaces']],
]

const ON_GPUS: readonly Case[] = [
  [
    'a command on a GPU without memory',
    'version: 1\nmodels:\n  ▶m: { engine: command, command: [x] }\n',
    ['manifest_missing_key', 'models.m needs "memory"'],
  ],
  ['a misspelt GPU request', llama('gpus: ▶an'), ['manifest_value', 'Did you mean "any"?']],
  ['a misspelt count', llama('gpus: { ▶cout: 2 }'), ['manifest_unknown_key', 'Did you mean "count"?']],
  ['no GPU in the list', llama('gpus: ▶[]'), ['manifest_value', 'models.m.gpus must be any, none, a list such as [0]']],
  ['a GPU twice', llama('gpus: ▶[0, 0]'), ['manifest_value', 'a list that names no GPU twice']],
  ['a GPU below zero', llama('gpus: [▶-1]'), ['manifest_value', 'models.m.gpus[0]']],
  ['a GPU by its model', llama('gpus: [▶H100]'), ['manifest_value', 'the index of a GPU or its GPU-uuid']],
  [
    'a count of nothing',
    llama('gpus: { count: ▶0 }'),
    ['manifest_value', 'models.m.gpus.count must be a whole number from 1'],
  ],
  ['memory without a device', llama('memory: ▶{ host: 1GiB }'), ['manifest_conflict', 'Add `device`.']],
]

const TABLES = [
  { knowledge: ON_CPU, table: 'YAML', cases: YAML_TEXT },
  { knowledge: ON_CPU, table: 'sections', cases: SECTIONS },
  { knowledge: ON_CPU, table: 'models', cases: MODELS },
  { knowledge: ON_GPU, table: 'a host with GPUs', cases: ON_GPUS },
]

describe.each(TABLES)('$table', ({ knowledge, cases }) => {
  const rows = cases.map(([name, marked, ...expected]) => ({ name, marked, expected }))
  test.each(rows)('$name', ({ marked, expected }) => {
    const { text, places } = unmark(marked)
    const { problems } = parseBad(text, knowledge)
    expect(problems.map(({ code, line, column }) => [code, line, column])).toEqual(
      expected.map(([code], index) => [code, ...(places[index] ?? [])]),
    )
    expect(places).toHaveLength(expected.length)
    for (const [index, [, words]] of expected.entries()) {
      const { code, facts } = problems[index] ?? { code: 'internal', facts: {} }
      const said = `${sentenceOf(code, facts)} ${nextOf(code, facts)}`
      expect(said).toContain(words)
      expect(said, 'words of a library').not.toMatch(/Invalid|expected .*received/)
    }
  })
})

test('every problem is reported at once, in the order of the text, and a wrong key does not hide what depends on others', () => {
  const { text, places } = unmark(`version: ▶3
server: { listen: ▶nowhere }
defaults: { keep: ▶sometimes }
models:
  a:
    engine: llama-server
    ▶sorce: file:a.gguf
    ttl: ▶soon
    args: { ▶host: x }
  ▶b: { engine: llama-server }
`)
  const { problems } = parseBad(text)
  const found = problems.filter(({ path }) => path !== 'models.a.source')
  expect(found.map(({ line, column }) => [line, column])).toEqual(places)
})

/** Takes the marks out of a text; their places are 1-based. */
function unmark(marked: string): { text: string; places: readonly (readonly [number, number])[] } {
  const places: (readonly [number, number])[] = []
  let text = ''
  for (const [index, part] of marked.split('▶').entries()) {
    if (index > 0) places.push([text.split('\n').length, text.length - text.lastIndexOf('\n')])
    text += part
  }
  return { text, places }
}
