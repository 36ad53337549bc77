import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { JournalRecord, LeaseOutcome, LeaveReason, ModelName, View } from '../core/index.ts'
import { mirrorView } from './mirror.ts'

/** `refused`: by a check of ours or by the supervisor, before an engine was asked. */
export type RequestOutcome = LeaseOutcome | 'refused'

export interface EndedRequest {
  /** Null where it is not one of ours: a label may not be a client's choice. */
  readonly model: ModelName | null
  /** The route's pattern, never the path that was sent. */
  readonly route: string
  readonly outcome: RequestOutcome
  readonly seconds: number
  /** From the request's arrival to the first byte of the answer; null when there was none. */
  readonly firstByteSeconds: number | null
}

/** `hit`: its model was in memory when it asked. `miss`: it had to wait for a load, or got nothing. */
export type AdmissionResult = 'hit' | 'miss'

/** Since the daemon started, over all models. */
export interface Totals {
  readonly admissions: Readonly<Record<AdmissionResult, number>>
  readonly loads: number
  /** Reasons that have not happened are absent. */
  readonly unloads: Readonly<Partial<Record<LeaveReason, number>>>
}

export interface TokenUsage {
  readonly input: number
  readonly output: number
}

/** A metric as a scrape names it. */
export interface MetricNote {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly labels: readonly string[]
}

export interface Metrics {
  requestStarted(): void
  requestEnded(request: EndedRequest): void
  /** Once per request that was let in to ask for its model. */
  admitted(model: ModelName, result: AdmissionResult): void
  tokensUsed(model: ModelName, usage: TokenUsage): void
  /** Counts what the journal tells: loads, unloads, exits. */
  observe(record: JournalRecord): void
  /** The text for Prometheus; figures that mirror the view are read from it now. */
  render(view: View): Promise<{ readonly contentType: string; readonly text: string }>
  totals(): Promise<Totals>
  /** Every metric, for the reference page. */
  list(): readonly MetricNote[]
}

/** Seconds: from a refused request to an answer that takes ten minutes. */
const DURATION_BUCKETS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
/** Seconds: a token of a warm model to a cold load of a large one. */
const FIRST_BYTE_BUCKETS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]

/** What stands for a model that is not in the manifest. */
const NO_MODEL = 'unknown'

export function createMetrics({ version }: { readonly version: string }): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({
    name: 'enginehouse_requests_total',
    help: 'Inference requests by what they came to.',
    labelNames: ['model', 'route', 'outcome'],
    registers,
  })
  const duration = new Histogram({
    name: 'enginehouse_request_duration_seconds',
    help: 'From the arrival of an inference request to the end of its answer.',
    labelNames: ['model', 'route'],
    buckets: DURATION_BUCKETS,
    registers,
  })
  const firstByte = new Histogram({
    name: 'enginehouse_time_to_first_token_seconds',
    help: "From the arrival of an inference request to the first byte of the engine's answer.",
    labelNames: ['model', 'route'],
    buckets: FIRST_BYTE_BUCKETS,
    registers,
  })
  const tokens = new Counter({
    name: 'enginehouse_tokens_total',
    help: 'Tokens that engines said they took in and gave out.',
    labelNames: ['model', 'type'],
    registers,
  })
  const inFlight = new Gauge({
    name: 'enginehouse_requests_in_flight',
    help: 'Inference requests that are waiting or being answered.',
    registers,
  })
  const admissions = new Counter({
    name: 'enginehouse_admissions_total',
    help: 'Requests by whether their model was in memory: hit, or miss when they had to wait for a load or got nothing.',
    labelNames: ['model', 'result'],
    registers,
  })
  const loads = new Counter({
    name: 'enginehouse_model_loads_total',
    help: 'Starts of engines by what they came to.',
    labelNames: ['model', 'outcome'],
    registers,
  })
  const unloads = new Counter({
    name: 'enginehouse_model_unloads_total',
    help: 'Models that left memory by the reason.',
    labelNames: ['model', 'reason'],
    registers,
  })
  const exits = new Counter({
    name: 'enginehouse_engine_exits_total',
    help: 'Exits of engines that were not asked for.',
    labelNames: ['model', 'class'],
    registers,
  })
  new Gauge({
    name: 'enginehouse_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1)
  const lastReload = new Gauge({
    name: 'enginehouse_config_last_reload_successful',
    help: '1 when the manifest that was read last is in force, 0 when it was refused.',
    registers,
  })
  const mirror = mirrorView(registry)

  return {
    requestStarted() {
      inFlight.inc()
    },
    requestEnded({ model, route, outcome, seconds, firstByteSeconds }) {
      const label = model ?? NO_MODEL
      inFlight.dec()
      requests.inc({ model: label, route, outcome })
      duration.observe({ model: label, route }, seconds)
      if (firstByteSeconds !== null) firstByte.observe({ model: label, route }, firstByteSeconds)
    },
    admitted(model, result) {
      admissions.inc({ model, result })
    },
    tokensUsed(model, { input, output }) {
      tokens.inc({ model, type: 'input' }, input)
      tokens.inc({ model, type: 'output' }, output)
    },
    observe(record) {
      const model = record.model ?? NO_MODEL
      if (record.kind === 'daemon_started' || record.kind === 'manifest') lastReload.set(1)
      if (record.kind === 'manifest_refused') lastReload.set(0)
      if (record.kind === 'ready') loads.inc({ model, outcome: 'ready' })
      if (record.kind === 'released') unloads.inc({ model, reason: record.evidence.reason })
      if (record.kind === 'crashed') {
        exits.inc({ model, class: record.evidence.class })
        if (record.evidence.during === 'starting') loads.inc({ model, outcome: 'failed' })
      }
    },
    async render(view) {
      mirror(view)
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
    async totals() {
      const results = await sumBy(admissions, 'result')
      const outcomes = await sumBy(loads, 'outcome')
      return {
        admissions: { hit: results.hit ?? 0, miss: results.miss ?? 0 },
        loads: outcomes['ready'] ?? 0,
        unloads: await sumBy(unloads, 'reason'),
      }
    },
    list: () => registry.getMetricsAsArray().map(noteOf),
  }
}

/** A counter's figures added up by one of its labels. */
async function sumBy<L extends string>(counter: Counter<L>, label: L): Promise<Readonly<Record<string, number>>> {
  const sums: Record<string, number> = {}
  for (const { labels, value } of (await counter.get()).values) {
    const key = String(labels[label])
    sums[key] = (sums[key] ?? 0) + value
  }
  return sums
}

/** The library keeps the labels of a metric, and its types do not tell. */
function noteOf(metric: ReturnType<Registry['getMetricsAsArray']>[number]): MetricNote {
  const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : []
  return { name: metric.name, type: String(metric.type), help: metric.help, labels }
}
