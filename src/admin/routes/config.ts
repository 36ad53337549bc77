import type { FastifyRequest } from 'fastify'

import type { ManifestDiff } from '../../core/index.ts'
import { EnginehouseError } from '../../core/index.ts'
import {
  diffManifests,
  MANIFEST_SIZE_MAX,
  type ManifestRead,
  type ManifestResult,
  problemShape,
} from '../../manifest/index.ts'
import { manifestBody, noBody, readBody } from '../bodies.ts'
import type { Configuration } from '../ports.ts'
import { readQuery } from '../query.ts'
import type { AdminOptions, Route } from '../route.ts'
import type { ConfigShape, ManifestPlanShape, ReloadShape, ValidityShape } from '../shapes.ts'
import { showPlan } from '../show-plan.ts'

/** A manifest of the largest size as a JSON text, in which a character may take six. */
const BODY_MAX = MANIFEST_SIZE_MAX * 6 + 1024

/** What holds, what another manifest would change, and the reload of the one that the daemon has. */
export function configRoutes(options: AdminOptions): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/config',
      handle: async (request) => {
        readQuery(request.query, [])
        return showConfig(options)
      },
    },
    { method: 'POST', path: '/validate', bodyLimit: BODY_MAX, handle: (request) => validate(options, request) },
    { method: 'POST', path: '/plan', bodyLimit: BODY_MAX, handle: (request) => plan(options, request) },
    { method: 'POST', path: '/config/reload', handle: (request) => reload(options, request) },
  ]
}

function showConfig({ manifest, configuration }: AdminOptions): ConfigShape {
  return { manifest, settings: configuration?.settings() ?? [] }
}

async function validate(options: AdminOptions, request: FastifyRequest): Promise<ValidityShape> {
  const result = await readCandidate(options, request)
  if (result.kind === 'problems') {
    return { valid: false, models: [], problems: result.problems.map(problemShape), warnings: [] }
  }
  const warnings = result.warnings.problems.map(problemShape)
  return { valid: true, models: [...result.manifest.models.keys()], problems: [], warnings }
}

async function plan(options: AdminOptions, request: FastifyRequest): Promise<ManifestPlanShape> {
  const next = requireRead(await readCandidate(options, request))
  const configuration = requireConfiguration(options)
  const diff = diffManifests(configuration.current(), next.manifest)
  return showPlan({
    manifest: options.manifest,
    diff,
    before: configuration.settings(),
    next,
    foresight: await configuration.foresee(next.manifest),
    leaving: leavingBy(options, next, diff),
  })
}

/** Models whose instances the reload would take down. */
function leavingBy({ operations }: AdminOptions, { manifest }: ManifestRead, diff: ManifestDiff): readonly string[] {
  const { records } = operations.previewReload(manifest, diff)
  return records.flatMap(({ kind, model }) => (kind === 'stopping' && model !== undefined ? [model] : []))
}

async function reload(options: AdminOptions, request: FastifyRequest): Promise<ReloadShape> {
  readBody(noBody, request.body)
  const outcome = await requireConfiguration(options).reload()
  switch (outcome.kind) {
    case 'refused':
      throw outcome.problems === null ? outcome.error : invalid(outcome.problems)
    case 'unchanged':
      return { changed: false, added: [], removed: [], relaunched: [], restart: [] }
    case 'reloaded': {
      // What it takes down is in the journal, whatever becomes of it.
      outcome.operation.done.catch(() => undefined)
      const { added, removed, changed, settings } = outcome.diff
      return {
        changed: added.length + removed.length + changed.length + settings.length > 0,
        added,
        removed,
        relaunched: changed.flatMap(({ model, relaunch }) => (relaunch ? [model] : [])),
        restart: settings.flatMap(({ key, restart }) => (restart ? [key] : [])),
      }
    }
    default:
      return outcome satisfies never
  }
}

async function readCandidate(options: AdminOptions, request: FastifyRequest): Promise<ManifestResult> {
  requireSocket(options, request)
  const { manifest } = readBody(manifestBody, request.body)
  return requireConfiguration(options).read(manifest)
}

/**
 * A text names files of this host, which are looked at in the daemon's name. Who may enter the directory of its socket
 * may do that anyway; who only reaches its port may not.
 */
function requireSocket({ isLocal }: AdminOptions, request: FastifyRequest): void {
  if (isLocal(request)) return
  throw new EnginehouseError('admin_socket_only', { path: request.url.split('?', 1)[0] ?? '' })
}

function requireConfiguration({ configuration }: AdminOptions): Configuration {
  if (configuration) return configuration
  throw new EnginehouseError('not_supported', { what: 'Another manifest for a daemon that was started without a file' })
}

function requireRead(result: ManifestResult): ManifestRead {
  if (result.kind === 'manifest') return result
  throw invalid(result)
}

function invalid(result: Extract<ManifestResult, { kind: 'problems' }>): EnginehouseError {
  const list = result.problems.map(problemShape)
  return new EnginehouseError('manifest_invalid', { path: result.path, problems: list.length, list })
}
