import { command, llama } from './case.ts'
import type { Case } from './case.ts'

/** Models on a host with GPUs. */
export const ON_GPUS: readonly Case[] = [
  [
    'a command on a GPU without memory',
    'version: 1\nmodels:\n  ▶m: { engine: command, command: [x] }\n',
    ['manifest_missing_key', 'models.m needs "memory"'],
  ],
  [
    'a command on a GPU of another host without memory',
    command('gpus: { count: 2 }').replace('  m:', '  ▶m:'),
    ['manifest_missing_key', 'models.m needs "memory"'],
  ],
  [
    'a misspelt GPU request beside memory',
    llama('gpus: ▶an', 'memory: all'),
    ['manifest_value', 'Did you mean "any"?'],
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
