import type { ModelView } from '../../core/index.ts'
import { findModel } from '../lookup.ts'
import { readQuery } from '../query.ts'
import type { AdminOptions, Route } from '../route.ts'
import type { EngineShape, StatusShape } from '../shapes.ts'
import { showDevice, showModel, showWaiting, showWholeModel } from '../show.ts'
import { iso } from '../wire.ts'

/** Routes that answer from memory and wake nothing. */
export function readRoutes(options: AdminOptions): readonly Route[] {
  const { view } = options.operations
  return [
    get('/models', () => ({ models: view.models().map(showModel) })),
    {
      method: 'GET',
      path: '/models/*',
      handle: async (request) => {
        readQuery(request.query, [])
        return showWholeModel(findModel(view, wildcardOf(request.params)))
      },
    },
    get('/devices', () => ({ devices: view.devices().map(showDevice) })),
    get('/queue', () => ({ queue: view.queue().map(showWaiting) })),
    get('/engines', async () => ({ engines: await options.engines() }) satisfies { engines: readonly EngineShape[] }),
    get('/status', () => showStatus(options)),
  ]
}

function get(path: string, answer: () => unknown): Route {
  return {
    method: 'GET',
    path,
    handle: async (request) => {
      readQuery(request.query, [])
      return answer()
    },
  }
}

/** What stands after `/models/`: names may hold slashes, written plainly or as %2F. */
function wildcardOf(params: unknown): string {
  return typeof params === 'object' && params !== null && '*' in params ? String(params['*']) : ''
}

function showStatus(options: AdminOptions): StatusShape {
  const { view } = options.operations
  const models = view.models()
  const count = (...statuses: readonly ModelView['status'][]) =>
    models.filter((model) => statuses.includes(model.status)).length
  return {
    version: options.version,
    pid: process.pid,
    started_at: iso(options.startedAt),
    uptime_seconds: Math.floor((options.now() - options.startedAt) / 1000),
    listen: options.listen(),
    manifest: options.manifest,
    state_directory: options.stateDirectory,
    stage: view.stage,
    models: {
      total: models.length,
      loaded: count('loaded'),
      loading: count('loading', 'downloading'),
      failed: count('failed'),
    },
    waiting: view.queue().length,
  }
}
