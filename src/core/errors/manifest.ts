import { formatBytes, formatDuration, GIB, MIB } from '../units.ts'
import { define, manifest } from './spec.ts'
import type { Nearest } from './words.ts'
import { didYouMean, list, quote } from './words.ts'

/** What the reader of the manifest finds; most come with file, line and column. */
export const MANIFEST_ERRORS = Object.freeze({
  manifest_not_found: define<{ looked: readonly string[] }>({
    ...manifest,
    sentence: (f) => `No manifest was found at ${list(f.looked)}.`,
    next: '`enginehouse init` proposes one from what is on this host; -c FILE names one that is elsewhere.',
    example: { looked: ['./enginehouse.yaml', '/etc/enginehouse/enginehouse.yaml'] },
  }),
  manifest_unreadable: define<{ path: string; why: string }>({
    ...manifest,
    sentence: (f) => `The manifest ${f.path} cannot be read: ${f.why}.`,
    next: 'Correct the path or the permissions of the file.',
    example: { path: './enginehouse.yaml', why: 'permission denied' },
  }),
  /** `list`: each problem, for programs. */
  manifest_invalid: define<{ path: string; problems: number; list?: readonly unknown[] }>({
    ...manifest,
    sentence: (f) => `The manifest ${f.path} has ${f.problems === 1 ? 'a problem' : `${f.problems} problems`}.`,
    next: 'Each is listed with its line; `enginehouse validate` checks again.',
    example: { path: './enginehouse.yaml', problems: 2 },
    about: 'Nothing of a manifest with a problem is used; a daemon that runs goes on with the one that it has.',
  }),
  manifest_syntax: define<{ why: string }>({
    ...manifest,
    sentence: (f) => `This is not valid YAML: ${f.why}.`,
    next: 'Correct the line that is shown.',
    example: { why: 'a mapping needs a space after the colon' },
  }),
  manifest_too_large: define<{ size: number; limit: number }>({
    ...manifest,
    sentence: (f) => `The manifest has ${formatBytes(f.size)}, and no more than ${formatBytes(f.limit)} are read.`,
    next: 'Split what it describes over several hosts, or remove what is not a manifest.',
    example: { size: 2 * MIB, limit: MIB },
  }),
  manifest_unknown_key: define<{ key: string; at: string } & Nearest>({
    ...manifest,
    sentence: (f) => `There is no key ${quote(f.key)} ${f.at ? `under ${f.at}` : 'at the top'}.`,
    next: (f) => didYouMean(f.nearest) || 'Remove it; keys that begin with x- are free at the top.',
    example: { key: 'contxt', at: 'models.chat', nearest: ['context'] },
    about: 'Unknown keys are errors, since a key with a slip in it would otherwise do nothing, silently.',
  }),
  manifest_key_not_supported: define<{ key: string }>({
    ...manifest,
    sentence: (f) => `${quote(f.key)} is not supported by this version.`,
    next: 'Remove it; the CHANGELOG says when it comes.',
    example: { key: 'models.chat.allow_code' },
  }),
  manifest_value: define<{ key: string; expected: string; got: string } & Nearest>({
    ...manifest,
    sentence: (f) => `${f.key} must be ${f.expected}, not ${f.got}.`,
    next: (f) => didYouMean(f.nearest) || 'Correct the value.',
    example: { key: 'models.chat.ttl', expected: 'a duration such as 5m, or never', got: '"5 minuts"', nearest: [] },
  }),
  manifest_missing_key: define<{ key: string; at: string; why: string }>({
    ...manifest,
    sentence: (f) => `${f.at || 'The manifest'} needs ${quote(f.key)}: ${f.why}.`,
    next: (f) => `Add \`${f.key}\`.`,
    example: { key: 'engine', at: 'models.chat', why: 'it says what runs the model' },
  }),
  manifest_name: define<{ name: string; why: string }>({
    ...manifest,
    sentence: (f) => `${quote(f.name)} cannot be a model's name or alias: ${f.why}.`,
    next: 'Use letters, digits and . _ - : / @ +, first a letter or digit, at most 128 in all.',
    example: { name: 'my model', why: 'it has a space' },
  }),
  manifest_name_taken: define<{ name: string; by: string }>({
    ...manifest,
    sentence: (f) => `${quote(f.name)} already stands for the model ${quote(f.by)}.`,
    next: 'Give each model and alias a name of its own.',
    example: { name: 'default', by: 'chat' },
  }),
  manifest_variable_unset: define<{ names: readonly string[] } & Nearest>({
    ...manifest,
    sentence: (f) =>
      f.names.length === 1
        ? `The variable ${list(f.names.map(quote))} is not set, and has no default here.`
        : `The variables ${list(f.names.map(quote))} are not set, and have no default here.`,
    next: (f) =>
      didYouMean(f.nearest) ||
      'Set it in the environment or in `.env` beside the manifest, or write `${NAME:-default}`.',
    example: { names: ['WEIGHTS'], nearest: ['WEIGHT'] },
  }),
  manifest_variable_syntax: define<{ why: string }>({
    ...manifest,
    sentence: (f) => `A variable cannot be written so: ${f.why}.`,
    next: 'Write `${NAME}` or `${NAME:-default}`; `$${` is a plain `${`.',
    example: { why: 'its brace is not closed' },
  }),
  env_file_syntax: define<{ why: string }>({
    ...manifest,
    sentence: (f) => `This line cannot be read: ${f.why}.`,
    next: 'Write NAME=value, each variable once and on a line of its own.',
    example: { why: 'it has no `=`' },
  }),
  env_file_unreadable: define<{ why: string }>({
    ...manifest,
    sentence: (f) => `The variables beside the manifest cannot be read: ${f.why}.`,
    next: 'Correct the file or its permissions, or move it away.',
    example: { why: 'permission denied' },
  }),
  manifest_flag_reserved: define<{ flag: string; engine: string; why: string }>({
    ...manifest,
    sentence: (f) => `The flag ${quote(f.flag)} of ${f.engine} cannot be set here: ${f.why}.`,
    next: 'Remove it from `args`.',
    example: { flag: '--port', engine: 'llama-server', why: 'the daemon chooses the address' },
    about:
      "Flags that decide where an engine listens, how much memory it takes or what it is called are set from the manifest's own keys.",
  }),
  manifest_kept_over_memory: define<{ models: readonly string[]; needed: number; limit: number }>({
    ...manifest,
    sentence: (f) =>
      `Models with \`keep: always\` (${list(f.models.map(quote))}) claim ${formatBytes(f.needed)} of the host, and memory.host leaves ${formatBytes(f.limit)}.`,
    next: 'Keep fewer of them, lower their `memory`, or raise memory.host.',
    example: { models: ['chat', 'search'], needed: 40 * GIB, limit: 32 * GIB },
    about:
      'A model that is kept is never evicted, so that all of them must fit at the same time. It is a problem where memory.host is a size, and a warning where it is a share of the memory of this host.',
  }),
  manifest_ttl_under_load: define<{ model: string; ttl: number; load: number }>({
    ...manifest,
    sentence: (f) =>
      `The model ${quote(f.model)} is taken down after ${formatDuration(f.ttl)} without a request, and took ${formatDuration(f.load)} to load.`,
    next: 'Raise its `ttl` over that, unless it is rarely asked twice.',
    example: { model: 'chat', ttl: 30_000, load: 95_000 },
    about: 'A warning: the manifest is used as it is.',
  }),
  manifest_variant_claims_alike: define<{ variant: string; memory: string }>({
    ...manifest,
    sentence: (f) => `${f.variant} claims what the model claims, because ${f.memory} holds for it too.`,
    next: 'Write in the variant what it takes: it is tried only when there is no room for the model.',
    example: { variant: 'models.chat.variants[0]', memory: 'models.chat.memory' },
    about: 'A warning: the manifest is used as it is.',
  }),
  manifest_offload_unclaimed: define<{ way: string; memory: string }>({
    ...manifest,
    sentence: (f) => `A part of ${f.way} stays on the host, and ${f.memory} claims nothing there.`,
    next: 'Say both, such as `memory: { device: 8GiB, host: 20GiB }`, or leave `memory` out: then it is estimated.',
    example: { way: 'models.chat', memory: 'models.chat.memory' },
    about: 'A warning: the manifest is used as it is, and the host may be asked for more than it has.',
  }),
  manifest_secret_in_clear: define<{ key: string }>({
    ...manifest,
    sentence: (f) => `${f.key} looks like a secret, and stands in the manifest for all who may read it.`,
    next: 'Write `${NAME}` in its place, and set it in the environment or in `.env` beside the manifest.',
    example: { key: 'models.chat.env.API_TOKEN' },
    about: 'A warning: the manifest is used as it is.',
  }),
  manifest_conflict: define<{ why: string; next: string }>({
    ...manifest,
    sentence: (f) => f.why,
    next: (f) => f.next,
    example: {
      why: '`keep: always` and `ttl` cannot both be set.',
      next: 'Remove `ttl`, or write `keep: auto`.',
    },
  }),
})
