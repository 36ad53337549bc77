/** Name, text with ▶ before each place where a problem is expected, then for each its code and a part of its words. */
export type Case = readonly [
  name: string,
  text: string,
  ...problems: readonly (readonly [code: string, words: string])[],
]

export const SHA = 'a'.repeat(64)

/** A manifest with one llama-server model, its further keys given. */
export const llama = (...lines: readonly string[]): string =>
  [
    'version: 1',
    'models:',
    '  m:',
    '    engine: llama-server',
    '    source: file:m.gguf',
    ...lines.map((l) => `    ${l}`),
    '',
  ].join('\n')

/** The same with a command. */
export const command = (...lines: readonly string[]): string =>
  [
    'version: 1',
    'models:',
    '  m:',
    '    engine: command',
    '    command: [serve]',
    ...lines.map((l) => `    ${l}`),
    '',
  ].join('\n')

/** A manifest without models, its further lines given. */
export const top = (...lines: readonly string[]): string => ['version: 1', 'models: {}', ...lines, ''].join('\n')
