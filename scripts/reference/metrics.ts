import type { ModelView } from '../../src/core/index.ts'
import { type AdmissionResult, createMetrics, type RequestOutcome } from '../../src/telemetry/index.ts'
import { code, NOTICE, paragraphs, table } from './markdown.ts'

const OUTCOMES: Readonly<Record<RequestOutcome, string>> = Object.freeze({
  complete: 'answered whole, also where the engine refused it with a status below 500',
  client_gone: 'its client left before the end',
  engine_error: 'the engine answered with a status of 500 or more',
  stalled: 'the engine gave no byte for as long as the manifest allows',
  failed: 'the engine ended, or its answer broke, before the end',
  refused: 'refused by the daemon before an engine was asked',
})

const STATES: Readonly<Record<ModelView['status'], string>> = Object.freeze({
  unloaded: 'not in memory',
  downloading: 'its weights are being made present',
  loading: 'waiting for memory, or being started',
  loaded: 'ready',
  failed: 'given up, until it is tried again',
})

const RESULTS: Readonly<Record<AdmissionResult, string>> = Object.freeze({
  hit: 'the model was ready',
  miss: 'the request had to wait for a load, or got nothing',
})

export function metricsPage(): string {
  const rows = createMetrics({ version: '' })
    .list()
    .map(({ name, type, labels, help }) => [code(name), type, labels.map(code).join(' '), help])
  return paragraphs(
    NOTICE,
    '# Metrics',
    '`GET /metrics` answers in the text format of Prometheus, from memory: a scrape wakes no model and asks no engine. ' +
      'Histograms come as `_bucket`, `_sum` and `_count`. Units are seconds and bytes.',
    table(['metric', 'type', 'labels', 'what'], rows),
    '## Labels',
    'No label holds what a client chose: a model that is not in the manifest is counted as `unknown`, a route is its ' +
      'pattern.',
    table(
      ['label', 'values'],
      [
        ['`model`', 'its name in the manifest, or `unknown`'],
        ['`outcome` of requests', valuesOf(OUTCOMES)],
        ['`outcome` of loads', '`ready`; `failed`: it ended or was given up before it was ready'],
        ['`result`', valuesOf(RESULTS)],
        ['`state`', valuesOf(STATES)],
        ['`reason`', '[why a model left memory](errors.md#why-a-model-left-memory)'],
        ['`class`', '[why an engine failed](errors.md#why-an-engine-failed)'],
        ['`type`', '`input`, `output`: tokens of the prompt, and of the answer'],
        ['`device`', '`host`, or the id of a GPU'],
        ['`owner`', '`model:NAME`, `reserve`, `quarantined` (did not come back), `free`'],
      ],
    ),
  )
}

function valuesOf(words: Readonly<Record<string, string>>): string {
  return Object.entries(words)
    .map(([value, meaning]) => `${code(value)}: ${meaning}`)
    .join('; ')
}
