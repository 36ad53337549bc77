import type { GpuRequest, ModelSpec, Source } from '../core/index.ts'
import type { SettingsShape } from './shapes.ts'

/**
 * A model's settings as they hold, every default filled in. Of variables for the engine the names alone: what they say
 * may be secret.
 */
export function showSettings(spec: ModelSpec): SettingsShape {
  return {
    source: spec.source.map(showSource),
    gpus: showGpus(spec.gpus),
    context: spec.context,
    parallel: spec.parallel,
    concurrency: spec.concurrency,
    memory: spec.memory,
    offload: spec.offload,
    priority: spec.priority,
    min_residency_ms: spec.minResidency,
    served_name: spec.servedName,
    args: spec.args,
    command: spec.command,
    env: Object.keys(spec.env),
    resources: spec.resources,
    load: { stall_ms: spec.load.stall, timeout_ms: spec.load.timeout },
    start: { attempts: spec.start.attempts, window_ms: spec.start.window },
    timeouts: {
      first_byte_ms: spec.timeouts.firstByte,
      between_bytes_ms: spec.timeouts.betweenBytes,
      total_ms: spec.timeouts.total,
    },
    unlisted: spec.unlisted,
    fallback: spec.fallback,
    variants: spec.variants.map(({ engine, context, gpus, offload }) => ({
      engine,
      context,
      gpus: showGpus(gpus),
      offload,
    })),
  }
}

function showSource(source: Source): string {
  return source.kind === 'file' ? `file:${source.path}` : `exec:${source.argv.join(' ')}`
}

/** As the manifest writes it. */
function showGpus(gpus: GpuRequest): SettingsShape['gpus'] {
  switch (gpus.kind) {
    case 'none':
    case 'any':
      return gpus.kind
    case 'count':
      return { count: gpus.count }
    case 'list':
      return gpus.gpus
    default:
      return gpus satisfies never
  }
}
