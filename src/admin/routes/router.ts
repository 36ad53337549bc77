import * as z from 'zod'

import type { JournalRecord } from '../../core/index.ts'
import { EnginehouseError } from '../../core/index.ts'
import { modelField, readBody } from '../bodies.ts'
import { findModel } from '../lookup.ts'
import type { AdminOptions, Route } from '../route.ts'
import type { SuccessShape } from '../shapes.ts'
import { carryOut } from './actions.ts'

export const routerBody = z.strictObject({ model: modelField })

/**
 * How llama.cpp's router is told to load and unload. Both answer when it is decided; `GET /models` tells how far it is.
 * What is as it should be already is a success too.
 */
export function routerRoutes({ operations }: AdminOptions): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/models/load',
      handle: async ({ body }): Promise<SuccessShape> => {
        const model = findModel(operations.view, readBody(routerBody, body).model)
        throwRefusal(await carryOut(operations.load(model.id), 'decision'))
        return { success: true }
      },
    },
    {
      method: 'POST',
      path: '/models/unload',
      handle: async ({ body }): Promise<SuccessShape> => {
        const model = findModel(operations.view, readBody(routerBody, body).model)
        await carryOut(operations.unload(model.id), 'decision')
        return { success: true }
      },
    },
  ]
}

/** What is refused at once fails as a request for the model would. */
function throwRefusal(records: readonly JournalRecord[]): void {
  for (const record of records) {
    if (record.kind !== 'answered' || record.evidence.outcome !== 'refused') continue
    throw new EnginehouseError(record.evidence.code, record.evidence.facts as never)
  }
}
