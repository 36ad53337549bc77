import type { Instant } from '../../core/index.ts'
import { EnginehouseError } from '../../core/index.ts'
import { explain, gather, type ExplainSubject } from '../../journal/index.ts'
import { showEvent } from '../event.ts'
import { findModel } from '../lookup.ts'
import { readMoment, readQuery } from '../query.ts'
import type { AdminOptions, Route } from '../route.ts'
import type { ExplanationShape } from '../shapes.ts'
import { isoOrNull } from '../wire.ts'

/** Why a model or a request stands as it does, from the journal alone. */
export function explainRoutes(options: AdminOptions): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/explain',
      handle: async (request) => {
        const { at, ...named } = readQuery(request.query, ['model', 'request', 'at'])
        const until = readMoment('at', at, options.now()) ?? null
        return showExplanation(options, await readSubject(options, named), until)
      },
    },
  ]
}

async function readSubject(
  { operations, journal }: AdminOptions,
  { model, request }: { readonly model?: string; readonly request?: string },
): Promise<ExplainSubject> {
  if (model !== undefined && request === undefined) return { model: findModel(operations.view, model).id }
  if (model !== undefined || request === undefined) {
    throw new EnginehouseError('parameter_invalid', { param: 'model', expected: 'given, or `request` instead of it' })
  }
  const [record] = await journal.query({ request, limit: 1 })
  if (!record) throw new EnginehouseError('request_not_found', { request })
  return { request }
}

/** `until`: as it stood then; null for now. */
async function showExplanation(
  { journal }: AdminOptions,
  subject: ExplainSubject,
  until: Instant | null,
): Promise<ExplanationShape> {
  const explanation = explain(await gather(journal, subject, until), subject)
  return {
    subject,
    at: isoOrNull(explanation.at),
    summary: explanation.summary,
    records: explanation.records.map(showEvent),
    would_change: explanation.would_change,
  }
}
