import { top } from './case.ts'
import type { Case } from './case.ts'

/** The top, and the sections that are not models. */
export const SECTIONS: readonly Case[] = [
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
  ['server.auth: keys', top('server: { auth: ▶keys }'), ['manifest_key_not_supported', '"auth: keys"']],
  ['server.auth that is no word of it', top('server: { auth: ▶open }'), ['manifest_value', 'auto or none']],
  [
    'server.keys_file and upstream_routes',
    top('server: { ▶keys_file: keys.yaml, ▶upstream_routes: true }'),
    ['manifest_key_not_supported', 'keys_file'],
    ['manifest_key_not_supported', 'upstream_routes'],
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
  ['a misspelt vllm', top('engines: { ▶vlm: { path: auto } }'), ['manifest_unknown_key', 'Did you mean "vllm"?']],
  [
    'a binary and an image',
    top('engines: { tgi: ▶{ path: /opt/tgi, image: tgi:3 } }'),
    ['manifest_conflict', 'only one of them can run the model'],
  ],
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
  ['a share over the whole', top('memory: { host: ▶120% }'), ['manifest_value', 'a share such as 80%']],
  [
    'a reserve of words',
    top('memory: { reserve: ▶lots }'),
    ['manifest_value', 'memory.reserve must be a size such as 24GiB, not "lots".'],
  ],
  [
    'a source as default',
    top('defaults: { ▶source: file:a.gguf }'),
    ['manifest_conflict', 'defaults.source belongs to one model and cannot be shared.'],
  ],
  [
    'a variable of the daemon in defaults without models',
    top('defaults: { env: { ▶CUDA_VISIBLE_DEVICES: 0 } }'),
    ['manifest_conflict', 'set by the daemon'],
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
