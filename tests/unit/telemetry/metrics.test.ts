import { expect, test } from 'vitest'
import type { DeviceView, JournalRecord, ModelView, View } from '../../../src/core/index.ts'
import { createMetrics } from '../../../src/telemetry/index.ts'

function viewOf(models: readonly Pick<ModelView, 'id' | 'status'>[], devices: readonly DeviceView[] = []): View {
  return {
    models: () => models as readonly ModelView[],
    resolve: () => undefined,
    model: () => undefined,
    devices: () => devices,
    queue: () => [{ request: 'r', model: 'm', since: 0 }],
    stage: 'serving',
  }
}

const record = (fields: Pick<JournalRecord, 'kind' | 'evidence'>): JournalRecord =>
  ({ seq: 1, at: 0, model: 'm', cause: [], ...fields }) as JournalRecord

async function lines(metrics: ReturnType<typeof createMetrics>, view: View): Promise<string[]> {
  return (await metrics.render(view)).text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

test('gauges are the view at the moment of the scrape, and what left it leaves them', async () => {
  const metrics = createMetrics({ version: '1.2.3' })
  const device: DeviceView = {
    id: 'host',
    kind: 'host',
    index: 0,
    name: 'RAM',
    total: 100,
    reserve: 10,
    measuredFree: 50,
    measuredAt: 0,
    claims: [
      { model: 'm', instance: 'm-1', bytes: 20, phase: 'releasing' },
      { model: 'm', instance: 'm-2', bytes: 20, phase: 'ready' },
    ],
    quarantined: 5,
    free: 45,
  }
  const first = await lines(metrics, viewOf([{ id: 'm', status: 'loaded' }], [device]))
  expect(first).toEqual(
    expect.arrayContaining([
      'enginehouse_build_info{version="1.2.3"} 1',
      'enginehouse_queue_depth 1',
      'enginehouse_model_state{model="m",state="loaded"} 1',
      'enginehouse_model_state{model="m",state="loading"} 0',
      'enginehouse_device_memory_bytes{device="host",owner="model:m"} 40',
      'enginehouse_device_memory_bytes{device="host",owner="reserve"} 10',
      'enginehouse_device_memory_bytes{device="host",owner="quarantined"} 5',
      'enginehouse_device_memory_bytes{device="host",owner="free"} 45',
    ]) as string[],
  )
  const second = await lines(metrics, viewOf([{ id: 'other', status: 'unloaded' }]))
  expect(second.filter((line) => line.includes('"m"') || line.includes('"host"'))).toEqual([])
})

test('counters follow the journal', async () => {
  const metrics = createMetrics({ version: '0' })
  metrics.observe(record({ kind: 'ready', evidence: { loadTime: 1 } }))
  metrics.observe(record({ kind: 'released', evidence: { reason: 'ttl_expired', claims: [], took: 1 } }))
  const crash = {
    class: 'gpu_oom',
    message: '',
    code: 1,
    signal: null,
    lost: 0,
    attempt: 1,
    retryAt: null,
    logTail: [],
  } as const
  metrics.observe(record({ kind: 'crashed', evidence: { ...crash, during: 'starting' } }))
  metrics.observe(record({ kind: 'crashed', evidence: { ...crash, during: 'ready' } }))
  const counted = (await lines(metrics, viewOf([]))).filter((line) => /_(loads|unloads|exits)_total/.test(line))
  expect(counted.toSorted()).toEqual(
    [
      'enginehouse_engine_exits_total{model="m",class="gpu_oom"} 2',
      'enginehouse_model_loads_total{model="m",outcome="failed"} 1',
      'enginehouse_model_loads_total{model="m",outcome="ready"} 1',
      'enginehouse_model_unloads_total{model="m",reason="ttl_expired"} 1',
    ].toSorted(),
  )
})

test('a request counts once, and what is no model of ours has one label', async () => {
  const metrics = createMetrics({ version: '0' })
  const ended = { route: '/v1/embeddings', seconds: 0.5, firstByteSeconds: null } as const
  metrics.requestStarted()
  metrics.requestStarted()
  metrics.requestEnded({ ...ended, model: null, outcome: 'refused' })
  expect(await lines(metrics, viewOf([]))).toEqual(
    expect.arrayContaining([
      'enginehouse_requests_in_flight 1',
      'enginehouse_requests_total{model="unknown",route="/v1/embeddings",outcome="refused"} 1',
      'enginehouse_request_duration_seconds_count{model="unknown",route="/v1/embeddings"} 1',
    ]) as string[],
  )
})
