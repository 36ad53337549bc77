import type { ModelName, Operation } from '../../core/index.ts'
import { EnginehouseError } from '../../core/index.ts'
import { clearBody, loadBody, pinBody, readBody, restartBody, unloadAllBody, unloadBody, unpinBody } from '../bodies.ts'
import { loadDecision, restartDecision, unloadDecision } from '../decision.ts'
import { findDevice, findModel } from '../lookup.ts'
import type { AdminOptions, Route } from '../route.ts'
import type { ClearedShape, DecidedShape, ModelShape, UnloadAllShape } from '../shapes.ts'
import { showDevice, showModel } from '../show.ts'

/**
 * Routes that change something. `wait: true` answers with the outcome, and fails as a request for the model would;
 * `wait: false` answers with the decision as soon as it is taken.
 */
export function actionRoutes(options: AdminOptions): readonly Route[] {
  return [
    post('/models/load', (body) => load(options, readBody(loadBody, body))),
    post('/models/unload', (body) => unload(options, readBody(unloadBody, body))),
    unloadAllRoute('/models/unload-all', options),
    post('/models/pin', (body) => pin(options, readBody(pinBody, body))),
    post('/models/unpin', (body) => unpin(options, readBody(unpinBody, body))),
    post('/models/restart', (body) => restart(options, readBody(restartBody, body))),
    post('/devices/clear', (body) => clear(options, readBody(clearBody, body))),
    notBuilt('/models/download'),
  ]
}

/** One action under two paths. */
export function unloadAllRoute(path: string, options: AdminOptions): Route {
  return post(path, (body) => unloadAll(options, readBody(unloadAllBody, body)))
}

/** Refused by name: `GET /models/*` covers the path, so that it would be a wrong method else. */
function notBuilt(path: string): Route {
  return {
    method: 'POST',
    path,
    handle: (request) => {
      throw new EnginehouseError('route_not_supported', { method: request.method, path: request.url })
    },
  }
}

function post(path: string, act: (body: unknown) => Promise<unknown>): Route {
  return { method: 'POST', path, handle: (request) => act(request.body) }
}

interface ModelAction {
  readonly model: string
  readonly wait: boolean
  readonly dry_run: boolean
}

async function load(options: AdminOptions, body: ModelAction): Promise<DecidedShape> {
  const { operations } = options
  const model = findModel(operations.view, body.model)
  const records = body.dry_run
    ? operations.preview({ kind: 'load', model: model.id, request: 'dry-run' })
    : await loadRecords(options, operations.load(model.id), { model: model.id, wait: body.wait })
  return { decision: loadDecision(model, records), model: modelNow(operations, model.id) }
}

/**
 * Weights come before a placement, so that the plan of a cold model is made after the operation was taken: who waited
 * for the outcome is told the plan that led to it.
 */
async function loadRecords(
  { journal }: AdminOptions,
  operation: Operation,
  { model, wait }: { readonly model: ModelName; readonly wait: boolean },
): Promise<Operation['records']> {
  const records = await carryOut(operation, wait ? 'outcome' : 'decision')
  const [first] = records
  return wait && first
    ? journal.query({ model, after: first.seq - 1, kinds: ['stopping', 'fetch', 'planned'] })
    : records
}

async function restart(options: AdminOptions, body: ModelAction): Promise<DecidedShape> {
  const { operations } = options
  const model = findModel(operations.view, body.model)
  const records = body.dry_run
    ? operations.preview({ kind: 'restart', model: model.id, request: 'dry-run' })
    : await loadRecords(options, operations.restart(model.id), { model: model.id, wait: body.wait })
  return { decision: restartDecision(model, records), model: modelNow(operations, model.id) }
}

async function clear({ operations }: AdminOptions, body: { readonly device: string }): Promise<ClearedShape> {
  const { id } = findDevice(operations.view, body.device)
  const records = await carryOut(operations.clearDevice(id), 'outcome')
  return {
    cleared: records.flatMap((record) =>
      record.kind === 'cleared'
        ? record.evidence.claims.map(({ bytes }) => ({
            model: record.model ?? '',
            instance: record.instance ?? '',
            bytes,
          }))
        : [],
    ),
    device: showDevice(findDevice(operations.view, id)),
  }
}

async function unload({ operations }: AdminOptions, body: ModelAction): Promise<DecidedShape> {
  const model = findModel(operations.view, body.model)
  const records = body.dry_run
    ? operations.preview({ kind: 'unload', model: model.id })
    : await carryOut(operations.unload(model.id), body.wait ? 'outcome' : 'decision')
  return { decision: unloadDecision(model, records), model: modelNow(operations, model.id) }
}

/** `skipped` are models that hold memory and were not told to leave now: those that already leave, or are stuck. */
async function unloadAll(
  { operations }: AdminOptions,
  body: { readonly wait: boolean; readonly dry_run: boolean },
): Promise<UnloadAllShape> {
  const resident = operations.view.models().filter((model) => model.instance !== null)
  const records = body.dry_run
    ? operations.preview({ kind: 'unload_all' })
    : await carryOut(operations.unloadAll(), body.wait ? 'outcome' : 'decision')
  const leaving = new Set(records.filter((record) => record.kind === 'stopping').map((record) => record.model))
  return {
    unloaded: resident.filter((model) => leaving.has(model.id)).map((model) => model.id),
    skipped: resident
      .filter((model) => !leaving.has(model.id))
      .map((model) => ({ model: model.id, why: `it is ${model.phase}` })),
  }
}

async function pin(
  options: AdminOptions,
  body: { readonly model: string; readonly for: number | null; readonly wait: boolean },
): Promise<DecidedShape> {
  const { operations } = options
  const model = findModel(operations.view, body.model)
  const until = body.for === null ? null : options.now() + body.for
  const records = await loadRecords(options, operations.pin(model.id, until), { model: model.id, wait: body.wait })
  return { decision: loadDecision(model, records), model: modelNow(operations, model.id) }
}

async function unpin({ operations }: AdminOptions, body: { readonly model: string }): Promise<{ model: ModelShape }> {
  const model = findModel(operations.view, body.model)
  await carryOut(operations.unpin(model.id), 'decision')
  return { model: modelNow(operations, model.id) }
}

/**
 * The decision's records, at once or when the operation is done. An outcome that nobody waits for is in the journal,
 * so its rejection is not lost when it is left unheard here.
 */
export async function carryOut(operation: Operation, until: 'outcome' | 'decision'): Promise<Operation['records']> {
  if (until === 'outcome') await operation.done
  else operation.done.catch(() => undefined)
  return operation.records
}

function modelNow(operations: AdminOptions['operations'], id: ModelName): ModelShape {
  return showModel(findModel(operations.view, id))
}
