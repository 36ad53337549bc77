import { createMetrics } from '../../src/telemetry/index.ts'
import { code, NOTICE, paragraphs, table } from './markdown.ts'

export function metricsPage(): string {
  const rows = createMetrics({ version: '' })
    .list()
    .map(({ name, type, labels, help }) => [code(name), type, labels.map(code).join(' '), help])
  return paragraphs(
    NOTICE,
    '# Metrics',
    '`GET /metrics` answers in the text format of Prometheus, from memory: a scrape wakes no model and asks no engine. ' +
      'Histograms come as `_bucket`, `_sum` and `_count`. Units are seconds and bytes. No label holds what a client ' +
      'chose: a model that is not in the manifest is counted as `unknown`, a route is its pattern.',
    table(['metric', 'type', 'labels', 'what'], rows),
  )
}
