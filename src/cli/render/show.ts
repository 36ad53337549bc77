import { formatBytes, formatDuration } from '../../core/index.ts'
import type { DeviceAnswer, ModelAnswer, SettingsAnswer, WholeModelAnswer } from '../answers.ts'
import { argvLines } from './argv.ts'
import { type Look, type Meaning, paint, plain } from './paint.ts'
import { clockText } from './time.ts'
import { deviceName, phaseCell, untilText } from './words.ts'
import { hang } from './wrap.ts'

const LABEL_WIDTH = 11
/** Lines of an engine's output that a failure is shown with; `logs` has the rest. */
const LOG_LINES = 5

interface Row {
  readonly label: string
  /** Each begins a line of its own. */
  readonly texts: readonly string[]
  readonly meaning?: Meaning
  /** As they are, however long: they are copied. */
  readonly verbatim?: true
}

/** One model: its settings as they count, what it holds, and how it was started. */
export function renderShow(model: WholeModelAnswer, devices: readonly DeviceAnswer[], look: Look, now: number): string {
  const phase = phaseCell(model)
  const head = [
    paint(model.id, 'heading', look),
    paint(phase.text, phase.meaning ?? null, look),
    model.engine,
    ...(model.aliases.length > 0 ? [`also ${model.aliases.join(', ')}`] : []),
  ].join(' · ')
  const rows = [...settings(model), ...state(model, devices, now), ...failure(model, now), ...command(model)]
  return `${head}\n${rows.map((row) => renderRow(row, look)).join('')}`
}

function renderRow({ label, texts, meaning, verbatim }: Row, look: Look): string {
  return texts
    .map((text, index) => {
      const title = index === 0 ? label : ''
      const head = `  ${paint(title.padEnd(LABEL_WIDTH), 'quiet', look)}`
      const shape = verbatim ? { ...look, width: null } : look
      return hang(head, LABEL_WIDTH + 2, text, shape, look.color ? (meaning ?? null) : null)
    })
    .join('')
}

/** What is as usual is left out, but for what everybody asks for. */
function settings(model: WholeModelAnswer): readonly Row[] {
  const { source, env, resources, fallback, variants, unlisted } = model.settings
  const rows: readonly (Row | null)[] = [
    source.length > 0 ? { label: 'source', texts: source.map(plain), verbatim: true } : null,
    { label: 'runs on', texts: [placesText(model.settings)] },
    model.context_length === null ? null : { label: 'context', texts: [`${model.context_length} tokens`] },
    { label: 'at once', texts: [concurrencyText(model.settings)] },
    { label: 'answers', texts: [model.capabilities.join(', ') || 'nothing'] },
    { label: 'stays', texts: [staysText(model)] },
    model.settings.priority === 'normal' ? null : { label: 'priority', texts: [model.settings.priority] },
    model.settings.memory === null ? null : { label: 'declares', texts: [declaredText(model.settings.memory)] },
    Object.keys(resources).length === 0 ? null : { label: 'takes', texts: [namedCounts(resources)] },
    env.length === 0 ? null : { label: 'variables', texts: [`${env.join(', ')} (what they say is not shown)`] },
    fallback === null ? null : { label: 'else', texts: [`${fallback} answers, when this one cannot be loaded`] },
    variants.length === 0 ? null : { label: 'variants', texts: variants.map(variantText) },
    unlisted ? { label: 'listed', texts: ['no: clients do not see it, and may ask it'] } : null,
  ]
  return rows.filter((row) => row !== null)
}

/** The GPUs, and what of the model is on the host beside them. */
function placesText({ gpus, offload }: Pick<SettingsAnswer, 'gpus' | 'offload'>): string {
  const { layers, experts } = offload
  const parts = [gpusText({ gpus })]
  if (gpus === 'none') return parts.join()
  if (layers !== 'all') parts.push(`${layers} of its layers there`)
  if (experts === 'cpu') parts.push('experts on the host')
  if (typeof experts === 'number' && experts > 0) parts.push(`experts of the first ${experts} on the host`)
  return parts.join(', ')
}

function gpusText({ gpus }: Pick<SettingsAnswer, 'gpus'>): string {
  if (gpus === 'none') return 'the host alone'
  if (gpus === 'any') return 'any one GPU'
  if (Array.isArray(gpus)) return `GPU ${gpus.map((gpu) => plain(String(gpu))).join(', ')}`
  const { count } = (gpus ?? {}) as { readonly count?: unknown }
  return typeof count === 'number' ? `${count} GPUs` : plain(JSON.stringify(gpus))
}

function concurrencyText({ concurrency, parallel }: SettingsAnswer): string {
  const requests = concurrency === 1 ? '1 request' : `${concurrency} requests`
  return `${requests}, memory for ${parallel} with a full context`
}

function declaredText({ device, host }: NonNullable<SettingsAnswer['memory']>): string {
  const parts = [
    ...(device === 'all' ? ['each GPU whole'] : device > 0 ? [`${formatBytes(device)} per GPU`] : []),
    ...(host > 0 ? [`${formatBytes(host)} on host`] : []),
  ]
  return parts.join(' and ') || 'nothing'
}

function namedCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${plain(name)}`)
    .join(', ')
}

function variantText({ engine, context, ...places }: SettingsAnswer['variants'][number]): string {
  return [engine, ...(context === null ? [] : [`context ${context}`]), placesText(places)].join(', ')
}

function staysText(model: ModelAnswer): string {
  const { pinned, keep, ttl_ms: ttl } = model
  if (pinned) return pinned.until === null ? 'until it is unpinned' : 'while it is pinned'
  if (keep === 'always') return 'always: it is started with the daemon and never evicted'
  const end = ttl === null ? 'until somebody asks for its memory' : `${formatDuration(ttl)} after its last byte`
  return keep === 'preload' ? `${end}; it is started with the daemon` : end
}

function state(model: WholeModelAnswer, devices: readonly DeviceAnswer[], now: number): readonly Row[] {
  const { instance } = model
  const memory = Object.entries(model.claim).map(([id, { bytes, origin, parts }]) => {
    const of = Object.entries(parts ?? {}).map(([part, size]) => `${part} ${formatBytes(size)}`)
    const why = of.length > 0 ? `${origin}: ${of.join(', ')}` : origin
    return `${formatBytes(bytes)} on ${deviceName(id, devices)} (${why})`
  })
  const rows: Row[] = [
    { label: 'requests', texts: [`${model.leases} running, ${model.waiting} waiting`] },
    { label: 'memory', texts: memory.length > 0 ? memory : [instance === null ? 'none' : 'not accounted for'] },
  ]
  if (model.variant !== null) rows.push({ label: 'runs as', texts: [`variant ${model.variant}`] })
  if (instance !== null) rows.push({ label: 'process', texts: [processText(instance, now)] })
  const figures = instance?.figures ?? null
  if (figures !== null) rows.push({ label: 'it says', texts: [figuresText(figures)] })
  if (model.phase === 'ready') rows.push({ label: 'until', texts: [untilText(model, now)] })
  const { last, learned } = model.load_seconds
  if (last !== null) rows.push({ label: 'last load', texts: [formatDuration(last * 1000)] })
  else if (learned !== null) rows.push({ label: 'a load', texts: [`took ${formatDuration(learned * 1000)} before`] })
  if (instance === null && model.last_reason) {
    rows.push({ label: 'last left', texts: [plain(model.last_reason).replaceAll('_', ' ')] })
  }
  return rows
}

function processText(instance: NonNullable<ModelAnswer['instance']>, now: number): string {
  const pid = instance.pid === null ? 'no process yet' : `pid ${instance.pid}`
  const step = instance.step === null ? '' : ` (${plain(instance.step)})`
  const ready =
    instance.ready_at === null ? `not ready yet${step}` : `ready since ${clockText(Date.parse(instance.ready_at), now)}`
  return `${instance.id}, ${pid}, started ${clockText(Date.parse(instance.started_at), now)}, ${ready}`
}

/** `weights 14.9 GiB, kv 20 GiB, 120832 tokens of cache`. */
function figuresText({ memory, cache_tokens: tokens }: Figures): string {
  const parts = Object.entries(memory).map(([part, bytes = 0]) => `${plain(part)} ${formatBytes(bytes)}`)
  return [...parts, ...(tokens === null ? [] : [`${tokens} tokens of cache`])].join(', ')
}

type Figures = NonNullable<NonNullable<ModelAnswer['instance']>['figures']>

function failure({ failure: failed }: ModelAnswer, now: number): readonly Row[] {
  if (failed === null) return []
  const again =
    failed.retry_at === null
      ? 'It is not tried again by itself.'
      : `It is not tried again before ${clockText(Date.parse(failed.retry_at), now)}.`
  return [
    { label: 'failed', texts: [`${failed.class}: ${plain(failed.message)}`, again], meaning: 'bad' },
    { label: 'log', texts: failed.log_tail.slice(-LOG_LINES).map(plain), meaning: 'quiet' },
  ]
}

/** The exact one of the instance; without one what the manifest gives, as the rest is made at a start. */
function command({ instance, settings: { command: given, args } }: WholeModelAnswer): readonly Row[] {
  if (instance !== null && instance.argv.length > 0) {
    return [{ label: 'command', texts: argvLines(instance.argv), verbatim: true }]
  }
  if (given.length > 0) return [{ label: 'command', texts: argvLines(given), verbatim: true }]
  if (args.length === 0) return []
  const flags = args.map(([flag, value]) => (value === true ? `--${flag}` : `--${flag} ${[value].flat().join(' ')}`))
  return [{ label: 'args', texts: [plain(flags.join(' '))] }]
}
