import { command, llama, SHA, top } from './case.ts'
import type { Case } from './case.ts'

/** Three commands, with what each says of its fallback. */
const three = (a: string, b: string, c: string): string =>
  [
    'version: 1',
    'models:',
    ...[a, b, c].map((more, index) => `  ${'abc'[index]}: { engine: command, command: [x]${more} }`),
    '',
  ].join('\n')

/** Other ways to run a model, and other models in its place. */
export const WAYS: readonly Case[] = [
  [
    'variants of a mapping',
    llama('variants: ▶{ context: 4k }'),
    ['manifest_value', 'models.m.variants must be a list of mappings'],
  ],
  [
    'a variant of a word',
    llama('variants: [▶cpu]'),
    ['manifest_value', 'models.m.variants[0] must be a mapping of keys'],
  ],
  [
    'too many variants',
    llama(`variants: ▶[${Array.from({ length: 17 }, (_, index) => `{ parallel: ${index + 2} }`).join(', ')}]`),
    ['manifest_value', 'a list of at most 16 mappings'],
  ],
  [
    'a misspelt key of a variant',
    llama('variants: [{ ▶contxt: 4k }]'),
    ['manifest_unknown_key', 'under models.m.variants[0]. Did you mean "context"?'],
  ],
  [
    'a wrong value in the second variant',
    llama('variants: [{ context: 4k }, { parallel: ▶0 }]'),
    ['manifest_value', 'models.m.variants[1].parallel must be a whole number'],
  ],
  [
    'an offload of a variant without GPUs',
    llama('gpus: any', 'variants: [{ gpus: none, offload: ▶{ layers: 4 } }]'),
    ['manifest_conflict', 'models.m.variants[0].offload says what goes to a GPU'],
  ],
  [
    'an offload of a variant with another engine',
    llama('variants: [{ engine: vllm, offload: ▶{ layers: 4 } }]'),
    ['manifest_conflict', 'the engine of models.m.variants[0] is vllm'],
  ],
  [
    'a wrong offload of a variant',
    llama('variants: [{ offload: { layers: ▶-4 } }]'),
    ['manifest_value', 'models.m.variants[0].offload.layers must be'],
  ],
  [
    'an offload that changes nothing',
    llama('offload: { layers: 4 }', 'variants: [▶{ offload: { layers: 4 } }]'),
    ['manifest_conflict', 'models.m.variants[0] is run in the same way as the model itself.'],
  ],
  [
    'a variant with an engine that nobody knows',
    llama('variants: [{ engine: ▶vlm }]'),
    ['manifest_value', 'Did you mean "vllm"?'],
  ],
  [
    'a variant with a misspelt engine',
    llama('variants: [{ engine: ▶comand }]'),
    ['manifest_value', 'Did you mean "command"?'],
  ],
  [
    'a ttl of a variant',
    llama('variants: [{ context: 4k, ▶ttl: 1m }]'),
    [
      'manifest_conflict',
      'models.m.variants[0].ttl is the same for every way to run the model. Write it in the model itself.',
    ],
  ],
  [
    'variants of a variant',
    llama('variants: [{ context: 4k, ▶variants: [] }]'),
    ['manifest_conflict', 'models.m.variants[0].variants'],
  ],
  [
    'variants in defaults',
    top('defaults: { ▶variants: [] }'),
    ['manifest_conflict', 'defaults.variants belongs to one model'],
  ],
  [
    'a variant that changes nothing',
    llama('variants: [▶{}]'),
    ['manifest_conflict', 'models.m.variants[0] is run in the same way as the model itself.'],
  ],
  [
    'a variant that says what holds anyway',
    llama('context: 8k', 'variants: [▶{ context: 8192 }]'),
    ['manifest_conflict', 'Change it, or remove it.'],
  ],
  [
    'a variant twice',
    llama('variants: [{ context: 4k }, ▶{ context: 4096 }]'),
    ['manifest_conflict', 'models.m.variants[1] is run in the same way as models.m.variants[0].'],
  ],
  [
    'a flag of ours in a variant',
    llama('variants: [{ args: { ▶ctx-size: 1 } }]'),
    ['manifest_flag_reserved', '`context` says it'],
  ],
  [
    'a command for a variant that is none',
    llama('variants: [▶{ engine: command }]'),
    ['manifest_missing_key', 'models.m needs "command"'],
  ],
  [
    'a command in a variant',
    llama('command: [x]', 'variants: [{ engine: command, ▶command: [y] }]'),
    ['manifest_conflict', 'models.m.variants[0].command is the same'],
  ],
  [
    'a variant without weights',
    command('variants: [▶{ engine: llama-server }]'),
    ['manifest_missing_key', 'models.m.variants[0] needs "source"'],
  ],
  [
    'a variant on a GPU without memory',
    command('gpus: none', 'variants: [▶{ gpus: any }]'),
    ['manifest_missing_key', 'models.m.variants[0] needs "memory"'],
  ],
  [
    'a claim on GPUs where the variant has none',
    llama('gpus: any', 'memory: all', 'variants: [▶{ gpus: none }]'),
    ['manifest_conflict', 'models.m.memory claims a GPU, and models.m.variants[0] has `gpus: none`.'],
  ],
  [
    'two places in a command that a variant runs',
    llama('command: [x, "{port}", "{socket}"]', 'variants: [▶{ engine: command }]'),
    ['manifest_conflict', 'Keep one of the two.'],
  ],
  [
    'a digest in a variant',
    llama(`variants: [{ source: { exec: [get, "{dest}"], ▶sha265: ${SHA} } }]`),
    ['manifest_unknown_key', 'Did you mean "sha256"?'],
  ],
  [
    'a fallback that is not there',
    three(', fallback: ▶bb', '', ''),
    ['manifest_value', 'models.a.fallback must be the name or an alias of a model, not "bb". Did you mean "b"?'],
  ],
  [
    'a fallback of a list',
    three(', fallback: ▶[b]', '', ''),
    ['manifest_value', 'models.a.fallback must be the name of another model, not a list.'],
  ],
  [
    'a fallback to itself',
    three(', fallback: ▶a', '', ''),
    ['manifest_conflict', 'models.a.fallback is the model itself.'],
  ],
  [
    'a fallback to itself by an alias',
    three(', aliases: [n], fallback: ▶n', '', ''),
    ['manifest_conflict', 'Name another model'],
  ],
  [
    'two that fall back to each other',
    three(', fallback: ▶b', ', fallback: a', ''),
    ['manifest_conflict', 'Fallbacks lead in a circle: "a" to "b" to "a".'],
  ],
  [
    'three in a circle',
    three(', fallback: ▶c', ', fallback: a', ', fallback: b'),
    ['manifest_conflict', 'a circle: "a" to "c" to "b" to "a".'],
  ],
  [
    'one that leads into a circle',
    three(', fallback: b', ', fallback: ▶c', ', fallback: b'),
    ['manifest_conflict', 'a circle: "b" to "c" to "b".'],
  ],
  [
    'a circle with the fallback of defaults',
    three('', ', fallback: ▶a', '').replace('models:', 'defaults: { fallback: b }\nmodels:'),
    ['manifest_conflict', 'a circle: "b" to "a" to "b".'],
  ],
  [
    'a fallback of defaults that is not there',
    three('', '', '').replace('models:', 'defaults: { fallback: ▶d }\nmodels:'),
    ['manifest_value', 'defaults.fallback must be the name or an alias of a model'],
  ],
]

/** Two commands that are started at boot and never evicted. */
const kept = (memory: string, a: string, b: string): string =>
  [
    'version: 1',
    `memory: { ${memory} }`,
    'models:',
    `  a: { engine: command, command: [x], keep: always, ${a} }`,
    `  b: { engine: command, command: [x], keep: always, ${b} }`,
    '',
  ].join('\n')

/** What a manifest says against itself in several models. */
export const KEPT: readonly Case[] = [
  [
    'more kept than the host gives',
    kept('host: 8GiB', 'memory: 5GiB', 'memory: ▶4GiB'),
    ['manifest_kept_over_memory', '("a", "b") claim 9GiB of the host, and memory.host leaves 8GiB. Keep fewer'],
  ],
  [
    'one that alone is more than the host gives',
    kept('host: 8GiB', 'memory: ▶9GiB', 'ttl: never').replace(', ttl: never', ''),
    ['manifest_kept_over_memory', '("a") claim 9GiB'],
  ],
  [
    'more kept than there is of a resource',
    kept('resources: { licences: 2 }', 'resources: { licences: 2 }', 'resources: ▶{ licences: 1 }'),
    ['manifest_conflict', 'Models with `keep: always` ("a", "b") take 3 of "licences", and memory.resources has 2.'],
  ],
  [
    'two kept on a GPU that one takes whole',
    kept('reserve: 1GiB', 'gpus: [0, 1], memory: all', 'gpus: ▶[1], memory: 4GiB'),
    ['manifest_conflict', 'models.a.memory takes GPU 1 whole for good, and "b" is kept there too.'],
  ],
]
