import type { Case } from './case.ts'

/** What is no YAML, or more of it than a manifest may have. */
export const YAML_TEXT: readonly Case[] = [
  ['an empty file', '▶', ['manifest_conflict', 'The manifest is empty.']],
  ['a brace that nothing closes', '▶${X:-\nversion: 1\n', ['manifest_syntax', 'on a single line']],
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
