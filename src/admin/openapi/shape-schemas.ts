import * as z from 'zod'

import type * as shapes from '../shapes.ts'
import { CONFIG_SCHEMAS } from './config-schemas.ts'

/*
 * The shapes of ../shapes.ts as schemas, for the OpenAPI document only. The compiler holds each to its type; a test
 * reads real answers with them.
 */

const time = z.iso.datetime().describe('ISO 8601, UTC')
const maybeTime = time.nullable()
const bytes = z.int().min(0)

const claim: z.ZodType<shapes.ClaimShape> = z.strictObject({
  bytes,
  origin: z.string(),
  parts: z.record(z.enum(['weights', 'kv', 'compute', 'context']), bytes).nullable(),
})

const instance: z.ZodType<shapes.InstanceShape> = z.strictObject({
  id: z.string(),
  pid: z.int().nullable(),
  argv: z.array(z.string()),
  started_at: time,
  ready_at: maybeTime,
  progress: z.number().min(0).max(1).nullable(),
  step: z.string().nullable(),
  figures: z
    .strictObject({
      memory: z.partialRecord(z.enum(['weights', 'kv', 'compute', 'graphs']), bytes),
      cache_tokens: z.int().nullable(),
    })
    .nullable(),
})

const failure: z.ZodType<shapes.FailureShape> = z.strictObject({
  class: z.string(),
  message: z.string(),
  retry_at: maybeTime,
  log_tail: z.array(z.string()),
})

const modelShape = z.strictObject({
  id: z.string(),
  engine: z.string(),
  phase: z.string(),
  status: z.strictObject({ value: z.string() }),
  aliases: z.array(z.string()),
  root: z.string(),
  context_length: z.int().nullable(),
  capabilities: z.array(z.string()),
  ttl_ms: z.number().nullable(),
  keep: z.string(),
  pinned: z.strictObject({ until: maybeTime }).nullable(),
  fetched_bytes: bytes.nullable(),
  devices: z.array(z.string()),
  claim: z.record(z.string(), claim),
  instance: instance.nullable(),
  leases: z.int(),
  waiting: z.int(),
  last_byte_at: maybeTime,
  unload_at: maybeTime,
  load_seconds: z.strictObject({ last: z.number().nullable(), learned: z.number().nullable() }),
  last_reason: z.string().nullable(),
  failure: failure.nullable(),
})

const model: z.ZodType<shapes.ModelShape> = modelShape

const gpus: z.ZodType<shapes.SettingsShape['gpus']> = z.union([
  z.enum(['none', 'any']),
  z.strictObject({ count: z.int() }),
  z.array(z.union([z.int(), z.string()])),
])

const offload = z.strictObject({
  layers: z.union([z.int(), z.literal('all')]),
  experts: z.union([z.int(), z.enum(['cpu', 'gpu'])]),
})

const settings: z.ZodType<shapes.SettingsShape> = z.strictObject({
  source: z.array(z.string()),
  gpus,
  context: z.int().nullable(),
  parallel: z.int(),
  concurrency: z.int(),
  memory: z.strictObject({ device: z.union([bytes, z.literal('all')]), host: bytes }).nullable(),
  offload,
  priority: z.string(),
  min_residency_ms: z.number().nullable(),
  served_name: z.string().nullable(),
  args: z.array(z.tuple([z.string(), z.union([z.literal(true), z.string(), z.array(z.string())])])),
  command: z.array(z.string()),
  env: z.array(z.string()),
  resources: z.record(z.string(), z.int()),
  load: z.strictObject({ stall_ms: z.number(), timeout_ms: z.number().nullable() }),
  start: z.strictObject({ attempts: z.int(), window_ms: z.number() }),
  timeouts: z.strictObject({
    first_byte_ms: z.number().nullable(),
    between_bytes_ms: z.number().nullable(),
    total_ms: z.number().nullable(),
  }),
  unlisted: z.boolean(),
  fallback: z.string().nullable(),
  variants: z.array(z.strictObject({ engine: z.string(), context: z.int().nullable(), gpus, offload })),
})

const wholeModel: z.ZodType<shapes.WholeModelShape> = modelShape.extend({ settings, variant: z.int().nullable() })

const device: z.ZodType<shapes.DeviceShape> = z.strictObject({
  id: z.string(),
  kind: z.string(),
  index: z.int(),
  name: z.string(),
  total: bytes,
  reserve: bytes,
  measured_used: bytes.nullable(),
  measured_at: time,
  foreign: bytes.nullable(),
  claims: z.array(z.strictObject({ model: z.string(), instance: z.string(), bytes, phase: z.string() })),
  quarantined: bytes,
  free: bytes,
})

const waiting: z.ZodType<shapes.WaitingShape> = z.strictObject({
  request: z.string(),
  model: z.string(),
  since: time,
})

const request: z.ZodType<shapes.RequestShape> = z.strictObject({
  id: z.string(),
  client_request: z.string(),
  model: z.string(),
  route: z.string(),
  stream: z.boolean(),
  state: z.enum(['waiting', 'running']),
  instance: z.string().nullable(),
  started_at: time,
  age_ms: z.int(),
  first_byte_ms: z.int().nullable(),
})

const engine: z.ZodType<shapes.EngineShape> = z.strictObject({
  name: z.string(),
  state: z.enum(['found', 'missing', 'of_manifest']),
  path: z.string().nullable(),
})

const counts = z.strictObject({ total: z.int(), loaded: z.int(), loading: z.int(), failed: z.int() })

const status: z.ZodType<shapes.StatusShape> = z.strictObject({
  version: z.string(),
  pid: z.int(),
  started_at: time,
  uptime_seconds: z.int(),
  listen: z.string().nullable(),
  manifest: z.string().nullable(),
  state_directory: z.string(),
  stage: z.enum(['recovering', 'serving', 'stopping']),
  models: counts,
  waiting: z.int(),
})

const decision: z.ZodType<shapes.DecisionShape> = z.strictObject({
  action: z.enum(['start', 'already', 'wait', 'refuse', 'unload', 'restart']),
  device: z.string().nullable(),
  evict: z.array(z.strictObject({ model: z.string(), bytes, why: z.string() })),
  evidence: z.unknown(),
})

const decided: z.ZodType<shapes.DecidedShape> = z.strictObject({ decision, model })

const unloadAll: z.ZodType<shapes.UnloadAllShape> = z.strictObject({
  unloaded: z.array(z.string()),
  skipped: z.array(z.strictObject({ model: z.string(), why: z.string() })),
})

const cleared: z.ZodType<shapes.ClearedShape> = z.strictObject({
  cleared: z.array(z.strictObject({ model: z.string(), instance: z.string(), bytes })),
  device,
})

const engineLine: z.ZodType<shapes.EngineLineShape> = z.strictObject({
  model: z.string(),
  instance: z.string(),
  at: maybeTime,
  line: z.string(),
})

const logLevel: z.ZodType<shapes.LogLevelShape> = z.strictObject({ level: z.string(), was: z.string() })

const success: z.ZodType<shapes.SuccessShape> = z.strictObject({ success: z.literal(true) })

const loaded: z.ZodType<shapes.LoadedShape> = z.strictObject({
  model: z.string(),
  backend: z.string(),
  device: z.string(),
  loaded_at: maybeTime,
  last_used: maybeTime,
  ttl: z.number().nullable(),
  expires_at: maybeTime,
  memory_bytes: bytes,
})

const memory = { used: bytes, total: bytes }

const stats: z.ZodType<shapes.StatsShape> = z.strictObject({
  hits: z.int(),
  misses: z.int(),
  loads: z.int(),
  evictions: z.record(z.string(), z.int()),
  loaded: z.int(),
  memory: z.record(z.string(), z.strictObject(memory)),
})

const health: z.ZodType<shapes.HealthShape> = z.strictObject({
  status: z.enum(['ok', 'recovering', 'stopping']),
  version: z.string(),
  started_at: time,
  uptime_seconds: z.int(),
  models: counts,
  devices: z.array(z.strictObject({ id: z.string(), ...memory })),
})

const version: z.ZodType<shapes.VersionShape> = z.strictObject({ version: z.string(), node: z.string() })

const event: z.ZodType<shapes.EventShape> = z.strictObject({
  seq: z.int(),
  at: time,
  kind: z.string(),
  model: z.string().exactOptional(),
  instance: z.string().exactOptional(),
  device: z.string().exactOptional(),
  cause: z.array(z.int()),
  evidence: z.unknown(),
  text: z.string(),
})

const explanation: z.ZodType<shapes.ExplanationShape> = z.strictObject({
  subject: z.union([z.strictObject({ model: z.string() }), z.strictObject({ request: z.string() })]),
  at: maybeTime,
  summary: z.string(),
  records: z.array(event),
  would_change: z.array(z.string()),
})

/** By the names that ../shapes.ts has; types have none at run time, so a test compares the two lists. */
export const SHAPE_SCHEMAS: Readonly<Record<string, z.ZodType>> = Object.freeze({
  ModelShape: model,
  WholeModelShape: wholeModel,
  SettingsShape: settings,
  ClaimShape: claim,
  InstanceShape: instance,
  FailureShape: failure,
  DeviceShape: device,
  WaitingShape: waiting,
  RequestShape: request,
  EngineShape: engine,
  StatusShape: status,
  DecisionShape: decision,
  DecidedShape: decided,
  UnloadAllShape: unloadAll,
  ClearedShape: cleared,
  EngineLineShape: engineLine,
  LogLevelShape: logLevel,
  SuccessShape: success,
  LoadedShape: loaded,
  StatsShape: stats,
  HealthShape: health,
  VersionShape: version,
  EventShape: event,
  ExplanationShape: explanation,
  ...CONFIG_SCHEMAS,
})
