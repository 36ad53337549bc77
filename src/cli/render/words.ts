import { formatBytes, formatDuration } from '../../core/index.ts'
import type { DeviceAnswer, ModelAnswer } from '../answers.ts'
import type { Cell } from './table.ts'
import { type Meaning, plain } from './paint.ts'

/** A moment as seen from another: `in 4m`, `now`. */
function inTime(moment: string, now: number): string {
  const left = Date.parse(moment) - now
  return left < 1000 ? 'now' : `in ${formatDuration(left)}`
}

function spanUntil(moment: string, now: number): string {
  return formatDuration(Math.max(0, Date.parse(moment) - now))
}

const MEANINGS: Readonly<Record<string, Meaning>> = Object.freeze({
  loaded: 'good',
  loading: 'busy',
  downloading: 'busy',
  failed: 'bad',
  unloaded: 'quiet',
})

/** The phase, with how far a load has come where the engine tells it. */
export function phaseCell(model: ModelAnswer): Cell {
  const progress = model.phase === 'starting' ? (model.instance?.progress ?? null) : null
  const text = progress === null ? model.phase.replaceAll('_', ' ') : `starting ${Math.floor(progress * 100)}%`
  const meaning = ['draining', 'stopping', 'releasing'].includes(model.phase) ? 'busy' : MEANINGS[model.status.value]
  return meaning ? { text, meaning } : { text }
}

/** `4.2GiB formula`: what the model claims, and where the figure comes from. */
export function memoryText(model: ModelAnswer): string {
  const claims = Object.values(model.claim)
  const bytes = claims.reduce((sum, claim) => sum + claim.bytes, 0)
  if (claims.length === 0) return '-'
  return bytes === 0 ? 'unaccounted' : `${formatBytes(bytes)} ${claims[0]?.origin ?? ''}`
}

/** `host`, `GPU 0`, `GPU 0-3`, `GPU 0,2 + host`. */
export function placeText(model: ModelAnswer, devices: readonly DeviceAnswer[]): string {
  const ids = Object.keys(model.claim)
  const gpus = devices.filter((device) => device.kind !== 'host' && ids.includes(device.id)).map(({ index }) => index)
  const others = ids.filter((id) => !devices.some((device) => device.id === id && device.kind !== 'host'))
  const parts = [...(gpus.length > 0 ? [`GPU ${ranges(gpus)}`] : []), ...others.map(plain)]
  return parts.join(' + ') || '-'
}

/** `0-2,5` */
function ranges(numbers: readonly number[]): string {
  const runs: { first: number; last: number }[] = []
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const run = runs.at(-1)
    if (run && number === run.last + 1) run.last = number
    else runs.push({ first: number, last: number })
  }
  return runs.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(',')
}

/** `host`, `GPU 0`; the id itself for a device that is not listed. */
export function deviceName(id: string, devices: readonly DeviceAnswer[]): string {
  const device = devices.find((candidate) => candidate.id === id)
  return device && device.kind !== 'host' ? `GPU ${device.index}` : plain(id)
}

/** How long a pin lasts. */
export function pinnedText(pinned: NonNullable<ModelAnswer['pinned']>, now: number): string {
  return pinned.until === null
    ? 'it stays in memory until it is unpinned'
    : `it stays in memory for ${spanUntil(pinned.until, now)}`
}

/** When it goes, for the end of a sentence; empty where that is not settled. */
export function leavesText(model: ModelAnswer, now: number): string {
  if (model.phase !== 'ready') return ''
  if (model.keep === 'always') return '; it stays, as its `keep` says'
  if (model.leases > 0) return '; it is in use'
  return model.unload_at === null ? '' : `; unused, it leaves memory ${inTime(model.unload_at, now)}`
}

/** Until when a model stays, as far as that is settled. */
export function untilText(model: ModelAnswer, now: number): string {
  if (model.pinned) return model.pinned.until === null ? 'pinned' : `pinned, ${spanUntil(model.pinned.until, now)}`
  if (model.keep === 'always') return 'always'
  if (model.phase !== 'ready') return '-'
  if (model.leases > 0) return 'in use'
  if (model.unload_at !== null) return inTime(model.unload_at, now)
  return model.ttl_ms === null ? 'never' : '-'
}
