import type { DeviceAnswer, ModelAnswer } from '../answers.ts'
import type { Look } from './paint.ts'
import { table } from './table.ts'
import { memoryText, phaseCell, placeText, untilText } from './words.ts'

const COLUMNS = [
  { title: 'MODEL', shrinksTo: 20 },
  { title: 'PHASE' },
  { title: 'ENGINE', optional: 1 },
  { title: 'DEVICE', shrinksTo: 8 },
  { title: 'MEMORY' },
  { title: 'BUSY', align: 'right' },
  { title: 'UNTIL' },
] as const

/** What is in memory, on its way in or out, or waited for: who waits must stand somewhere. */
export function isResident(model: ModelAnswer): boolean {
  return model.instance !== null || model.waiting > 0 || model.phase === 'fetching' || model.phase === 'waiting'
}

/** One line per model, busy with `requests (+waiting)`; `now` is what the times are told from. */
export function renderPs(
  models: readonly ModelAnswer[],
  devices: readonly DeviceAnswer[],
  look: Look,
  now: number,
): string {
  const rows = models.map((model) => [
    { text: model.id },
    phaseCell(model),
    { text: model.engine },
    { text: placeText(model, devices) },
    { text: memoryText(model) },
    { text: busyText(model) },
    { text: untilText(model, now) },
  ])
  return table(COLUMNS, rows, look)
}

function busyText(model: ModelAnswer): string {
  return model.waiting > 0 ? `${model.leases} (+${model.waiting})` : String(model.leases)
}
