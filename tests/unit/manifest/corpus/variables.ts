import { command, llama, top } from './case.ts'
import type { Case } from './case.ts'

/** No problem may show it. */
export const SECRET = 'hunter2'

/** The variables that these manifests are read with. */
export const VARIABLES: Readonly<Record<string, string>> = {
  SOME: SECRET,
  FLAG: `--host=${SECRET}`,
  MACRO: `{prot} ${SECRET}`,
  PATH_OF_WEIGHTS: `/srv/${SECRET}.gguf`,
  ADDRESS: `${SECRET}.example.com:80`,
  LINES: `1\nengine: ${SECRET}`,
  NOTHING: '',
  ALMOST: 'alway',
  NESTED: '${SOME}',
}

const SOURCE = 'version: 1\nmodels:\n  m: { engine: llama-server, source: '

export const VARYING: readonly Case[] = [
  ['one that is not set', llama('context: ▶${CONTEXT}'), ['manifest_variable_unset', 'variable "CONTEXT" is not set']],
  ['one that is nearly set', llama('context: ▶${SOMME}'), ['manifest_variable_unset', 'Did you mean "SOME"?']],
  [
    'two in one value',
    llama('env: { A: ▶"${B}-${C}-${B}" }'),
    ['manifest_variable_unset', 'The variables "B", "C" are not set'],
  ],
  [
    'two in two values',
    llama('env: { A: ▶"${B}" }', 'ttl: ▶${T}'),
    ['manifest_variable_unset', 'B'],
    ['manifest_variable_unset', 'T'],
  ],
  [
    'one that an anchor shares',
    'version: 1\nx-base: &base\n  engine: command\n  command: [x]\n  ttl: ▶${T}\nmodels:\n  a: *base\n  b: { <<: *base }\n',
    ['manifest_variable_unset', 'T'],
  ],
  ['one of a default', top('defaults: { ttl: ▶"${T}" }'), ['manifest_variable_unset', 'T']],
  ['one in a section', top('server:', '  listen: unix:/run/x', '  max_queue: ▶${Q}'), ['manifest_variable_unset', 'Q']],
  ['one at the top', 'version: ▶${V}\nmodels: {}\n', ['manifest_variable_unset', 'V']],
  ['one for all models', 'version: 1\nmodels: ▶${MODELS}\n', ['manifest_variable_unset', 'MODELS']],
  ['one in a list', command('aliases: [a, ▶"${B}"]'), ['manifest_variable_unset', 'B']],
  [
    'one in a digest',
    `${SOURCE}{ exec: [get, "{dest}"], sha256: ▶"\${DIGEST}" } }\n`,
    ['manifest_variable_unset', 'DIGEST'],
  ],
  ['one in a block', command('env:', '  A: ▶|', '    x ${B}'), ['manifest_variable_unset', 'B']],
  ['an object’s own', llama('context: ▶${constructor}'), ['manifest_variable_unset', 'constructor']],
  ['no name', llama('ttl: ▶${}'), ['manifest_variable_syntax', 'it has no name']],
  ['a name with a dash', llama('ttl: ▶${A-B}'), ['manifest_variable_syntax', 'letters, digits and _']],
  ['a name with a digit first', llama('ttl: ▶${1A}'), ['manifest_variable_syntax', 'letters, digits and _']],
  ['a name with a space', llama('ttl: ▶${ A }'), ['manifest_variable_syntax', 'letters, digits and _']],
  ['a default without a colon', llama('ttl: ▶${A-5m}'), ['manifest_variable_syntax', 'only :- and a default']],
  ['an error instead of a default', llama('ttl: ▶${A:?no}'), ['manifest_variable_syntax', 'only :- and a default']],
  ['no end', llama('ttl: ▶${A'), ['manifest_variable_syntax', 'the } that ends it is missing']],
  ['no end of a default', llama('ttl: ▶${A:-5m'), ['manifest_variable_syntax', 'the } that ends it is missing']],
  ['one inside another', llama('ttl: ▶${A:-${B}}'), ['manifest_variable_syntax', 'one cannot stand inside another']],
  [
    'a default that a comment cuts',
    llama('ttl: ▶${A:-5m # never}'),
    ['manifest_variable_syntax', 'the } that ends it is missing'],
  ],
  [
    'no quotes in a mapping',
    'version: 1\nmodels:\n  m: { engine: command, ttl: ▶${T} }\n',
    ['manifest_syntax', 'a value with ${ in it must stand in quotes'],
  ],
  ['no quotes in a list', command('aliases: [▶${A}]'), ['manifest_syntax', 'must stand in quotes']],
  ['a tag before one', llama('context: ▶!!int ${SOME}'), ['manifest_syntax', 'unresolved tag']],
  ['a number in quotes', llama('parallel: ▶"${N:-2}"'), ['manifest_value', 'not the value of "${N:-2}".']],
  ['text for a number', llama('parallel: ▶${SOME}'), ['manifest_value', 'not the value of "${SOME}".']],
  ['nothing for a number', llama('parallel: ▶${NOTHING}'), ['manifest_value', 'not the value of "${NOTHING}".']],
  ['a default of nothing', llama('context: ▶${C:-}'), ['manifest_value', 'not the value of "${C:-}".']],
  ['lines for a number', llama('parallel: ▶${LINES}'), ['manifest_value', 'not the value of "${LINES}".']],
  ['a structure for a list', command('aliases: ▶${A:-[b, c]}'), ['manifest_value', 'must be a list of names']],
  ['a reference in a value', llama('ttl: ▶${NESTED}'), ['manifest_value', 'not the value of "${NESTED}".']],
  ['a bad size', llama('memory: ▶${SOME}'), ['manifest_value', 'not the value of "${SOME}".']],
  ['a bad address', top('server:', '  listen: ▶${SOME}'), ['manifest_value', 'not the value of "${SOME}".']],
  [
    'an address of another host',
    top('server:', '  listen: ▶${ADDRESS}'),
    ['manifest_conflict', 'server.listen is the value of "${ADDRESS}", which other hosts can reach'],
  ],
  ['a bad source', `${SOURCE}▶"\${SOME}" }\n`, ['manifest_value', 'not the value of "${SOME}".']],
  [
    'a source that is a path',
    `${SOURCE}▶"\${PATH_OF_WEIGHTS}" }\n`,
    ['manifest_value', 'not the value of "${PATH_OF_WEIGHTS}".'],
  ],
  ['a bad name', command('aliases: [▶" ${SOME}"]'), ['manifest_name', '" ${SOME}" cannot be a model\'s name']],
  [
    'a name that is taken',
    command('aliases: ["${SOME}", ▶"${SOME}"]'),
    ['manifest_name_taken', '"${SOME}" already stands for the model "m"'],
  ],
  ['a flag of ours', llama('args: { verbose: ▶"${FLAG}" }'), ['manifest_flag_reserved', 'The flag "${FLAG}"']],
  [
    'a misspelt macro',
    'version: 1\nmodels:\n  m: { engine: command, command: [serve, ▶"${MACRO}"] }\n',
    ['manifest_value', 'not the value of "${MACRO}". Did you mean "{port}"?'],
  ],
  ['a bad health path', command('health: { path: ▶"${SOME}" }'), ['manifest_value', 'not the value of "${SOME}".']],
  ['a bad served name', command('served_name: ▶"a ${SOME}"'), ['manifest_value', 'not the value of "a ${SOME}".']],
  [
    'a misspelt word',
    llama('keep: ▶${ALMOST}'),
    ['manifest_value', 'not the value of "${ALMOST}". Did you mean "always"?'],
  ],
  ['a variable of nothing', llama('env: { A: ▶"${B:-x}\\0" }'), ['manifest_value', 'without a NUL']],
  ['a key that looks like one', llama('▶${SOME}: 1'), ['manifest_unknown_key', '"${SOME}" under models.m']],
]
