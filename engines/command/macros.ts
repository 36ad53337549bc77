import { EnginehouseError } from '../../src/core/index.ts'
import type { PlanRequest } from '../../src/engine/contract.ts'

/** What each macro stands for; null where this launch has no such thing. */
const MACROS = Object.freeze({
  port: ({ address }: PlanRequest) => (address.kind === 'tcp' ? String(address.port) : null),
  socket: ({ address }: PlanRequest) => (address.kind === 'unix' ? address.path : null),
  model_path: ({ weights }: PlanRequest) => weights?.path ?? null,
  gpu_uuids: ({ gpuUuids }: PlanRequest) => gpuUuids.join(','),
  gpu_indices: ({ gpuIndices }: PlanRequest) => gpuIndices.join(','),
  api_key: ({ key }: PlanRequest) => key,
  instance_dir: ({ directory }: PlanRequest) => directory,
} satisfies Record<string, (request: PlanRequest) => string | null>)

export type Macro = keyof typeof MACROS

const ANY_MACRO = new RegExp(`\\{(${Object.keys(MACROS).join('|')})\\}`, 'g')

/** Why a macro may stand for nothing, and what to do. */
const MISSING: Readonly<Partial<Record<Macro, { why: string; next: string }>>> = Object.freeze({
  port: { why: 'it listens on {socket}', next: 'Use either {port} or {socket}.' },
  socket: {
    why: 'the path of the state directory is too long for a socket',
    next: 'Use {port}, or set ENGINEHOUSE_STATE_DIR to a shorter path.',
  },
  model_path: { why: 'it has no `source`', next: 'Add `source`, or remove {model_path}.' },
})

export function usesMacro(argument: string, macro: Macro): boolean {
  return argument.includes(`{${macro}}`)
}

/**
 * An argv of the manifest with every macro replaced, once: what a macro stands for is not looked at again, and braces that
 * are no macro (JSON, say) stay. Throws manifest_conflict for a macro that stands for nothing.
 */
export function fillMacros(key: string, argv: readonly string[], request: PlanRequest): string[] {
  return argv.map((argument) =>
    argument.replaceAll(ANY_MACRO, (_text, name: Macro) => MACROS[name](request) ?? refuse(key, request, name)),
  )
}

function refuse(key: string, request: PlanRequest, macro: Macro): never {
  const { why, next } = MISSING[macro] ?? { why: 'there is none', next: 'Remove it.' }
  const sentence = `The ${key} of ${JSON.stringify(request.model.name)} uses {${macro}}, and ${why}.`
  throw new EnginehouseError('manifest_conflict', { why: sentence, next })
}
