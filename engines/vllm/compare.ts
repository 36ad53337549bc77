import type { Comparison, PlanRequest } from '../../src/engine/contract.ts'
import { contextOf } from '../../src/engine/shares.ts'

/** The context that it serves, as its list of models says. */
export const COMPARE: Comparison = Object.freeze({ path: '/v1/models', shortfall })

function shortfall({ model, weights }: PlanRequest, answer: string): string | null {
  const digits = /"max_model_len":\s*(\d{1,15})/.exec(answer)?.[1]
  if (digits === undefined || weights === null) return null
  const context = contextOf(model, weights)
  return Number(digits) < context ? `serves ${digits} tokens of context where \`context: ${context}\` was asked` : null
}
