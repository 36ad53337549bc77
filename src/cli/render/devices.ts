import { type Bytes, formatBytes } from '../../core/index.ts'
import type { DeviceAnswer } from '../answers.ts'
import { bar, type Share } from './bar.ts'
import { type Look, paint, plain } from './paint.ts'
import { type Cell, table } from './table.ts'
import { deviceName } from './words.ts'
import { hang } from './wrap.ts'

const COLUMNS = [
  { title: 'DEVICE' },
  { title: 'TOTAL', align: 'right' },
  { title: 'RESERVE', align: 'right' },
  { title: 'USED', align: 'right', optional: 1 },
  { title: 'OURS', align: 'right' },
  { title: 'OTHERS', align: 'right' },
  { title: 'MISSING', align: 'right' },
  { title: 'FREE', align: 'right' },
] as const

const BAR_MIN = 16
const BAR_MAX = 100
/** Between the device's label and what stands under its line. */
const MARGIN = '  '

/** Each device's memory as figures, then as a bar on one scale of its own, with who holds what. */
export function renderDevices(devices: readonly DeviceAnswer[], look: Look): string {
  const rows = devices.map((device) => rowOf(device, devices))
  return `${table(COLUMNS, rows, look)}\n${devices.map((device) => renderHolders(device, devices, look)).join('\n')}`
}

function rowOf(device: DeviceAnswer, devices: readonly DeviceAnswer[]): readonly Cell[] {
  const { total, reserve, measured_used: used, foreign, quarantined, free } = device
  return [
    { text: deviceName(device.id, devices) },
    { text: formatBytes(total) },
    { text: formatBytes(reserve) },
    { text: used === null ? '?' : formatBytes(used) },
    { text: formatBytes(claimedOn(device)) },
    { text: foreign === null ? '?' : formatBytes(foreign) },
    quarantined > 0 ? { text: formatBytes(quarantined), meaning: 'bad' } : { text: '-' },
    { text: formatBytes(free), meaning: free > 0 ? 'good' : 'busy' },
  ]
}

function renderHolders(device: DeviceAnswer, devices: readonly DeviceAnswer[], look: Look): string {
  const title = [deviceName(device.id, devices), ...(device.kind === 'host' ? [] : [plain(device.name), device.id])]
  const width = Math.min(BAR_MAX, Math.max(BAR_MIN, (look.width ?? 0) - 2 * MARGIN.length))
  const holders = holdersOf(device)
  const widest = Math.max(0, ...holders.map(({ bytes }) => formatBytes(bytes).length))
  const lines = holders.map(({ bytes, mark, meaning, who }) => {
    const size = formatBytes(bytes).padStart(widest)
    const head = `${MARGIN}${paint(mark, meaning, look)} ${size}  `
    return hang(head, MARGIN.length + widest + 4, plain(who), look)
  })
  return [
    `${paint(title.join(' · '), 'heading', look)}\n`,
    `${MARGIN}${bar(device, sharesOf(device), width, look)}\n`,
    ...lines,
  ].join('')
}

/** What the bar is made of, by name. */
function holdersOf(device: DeviceAnswer): readonly (Share & { readonly who: string })[] {
  const { claims, quarantined, foreign } = device
  const missing = 'missing: it did not come back; `enginehouse devices clear` counts it as free again'
  return [
    ...claims.map(({ model, bytes, phase }) => ({
      ...OURS,
      bytes,
      who: phase === 'ready' ? model : `${model} (${phase})`,
    })),
    ...(quarantined > 0 ? [{ ...MISSING, bytes: quarantined, who: missing }] : []),
    ...(foreign ? [{ ...OTHERS, bytes: foreign, who: 'other programs' }] : []),
  ]
}

const OURS = { mark: '█', meaning: 'good' } as const
const MISSING = { mark: '▚', meaning: 'bad' } as const
const OTHERS = { mark: '▒', meaning: 'busy' } as const

export function claimedOn(device: DeviceAnswer): Bytes {
  return device.claims.reduce((sum, claim) => sum + claim.bytes, 0)
}

/** Ours, what is missing, others': in this order from the left, what is free after them. */
export function sharesOf(device: DeviceAnswer): readonly Share[] {
  return [
    { ...OURS, bytes: claimedOn(device) },
    { ...MISSING, bytes: device.quarantined },
    { ...OTHERS, bytes: device.foreign ?? 0 },
  ]
}
