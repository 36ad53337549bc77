import { command, llama, SHA } from './case.ts'
import type { Case } from './case.ts'

/** Models on a host without GPUs. */
export const MODELS: readonly Case[] = [
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
    'vllm without weights',
    'version: 1\nmodels:\n  ▶m: { engine: vllm }\n',
    ['manifest_missing_key', 'vllm cannot start without weights'],
  ],
  [
    'vllm with the keys of a command',
    'version: 1\nmodels:\n  m: { engine: vllm, source: file:m, served_name: ▶x }\n',
    ['manifest_conflict', "this model's engine is vllm"],
  ],
  [
    'a misspelt engine',
    'version: 1\nmodels:\n  m: { engine: ▶lama-server, source: file:m }\n',
    ['manifest_value', 'Did you mean "llama-server"?'],
  ],
  [
    'allow_code and offload',
    llama('▶allow_code: true', '▶offload: {}'),
    ...['allow_code', 'offload'].map((key) => ['manifest_key_not_supported', `models.m.${key}`] as const),
  ],
  [
    'cwd, stop and capabilities of llama-server',
    llama('cwd: ▶.', 'capabilities: ▶[chat]', 'stop: ▶{}'),
    ...['cwd', 'capabilities', 'stop'].map(
      (key) => ['manifest_conflict', `models.m.${key} is for the engine`] as const,
    ),
  ],
  ['a cwd with ~', command('cwd: ▶~/server'), ['manifest_value', '~ is not expanded']],
  [
    'no capability',
    command('capabilities: ▶[]'),
    ['manifest_value', 'a list of chat, completions, embeddings, responses'],
  ],
  ['a misspelt capability', command('capabilities: [▶chats]'), ['manifest_value', 'Did you mean "chat"?']],
  ['a stop by KILL', command('stop: { signal: ▶SIGKILL }'), ['manifest_value', 'SIGTERM, SIGINT, SIGQUIT or SIGHUP']],
  ['a stop without grace', command('stop: { grace: ▶0 }'), ['manifest_value', 'a duration from 1s to 10m, not 0']],
  ['a stop of an hour', command('stop: { grace: ▶1h }'), ['manifest_value', 'a duration from 1s to 10m']],
  ['a stop by a line', command('stop: { command: ▶stop it }'), ['manifest_value', 'an argv list']],
  ['a misspelt key of stop', command('stop: { ▶gracee: 1s }'), ['manifest_unknown_key', 'Did you mean "grace"?']],
  [
    'a misspelt macro of a stop command',
    command('stop: { command: [x, ▶"{prot}"] }'),
    ['manifest_value', 'Did you mean "{port}"?'],
  ],
  [
    'a stop command that asks where nobody listens',
    command('stop: ▶{ command: [x, "{socket}"] }'),
    ['manifest_conflict', 'the engine listens on its port'],
  ],
  [
    'a stop command with weights that are not there',
    command('stop: ▶{ command: [x, "{model_path}"] }'),
    ['manifest_conflict', 'models.m.stop.command has {model_path}'],
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
