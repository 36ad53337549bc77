import { formatBytes, formatDuration } from '../../core/index.ts'
import type { DeviceAnswer, ModelAnswer, StatusAnswer } from '../answers.ts'
import { bar } from './bar.ts'
import { claimedOn, sharesOf } from './devices.ts'
import { cut, type Look, paint, plain } from './paint.ts'
import { isResident, renderPs } from './ps.ts'
import type { Cell } from './table.ts'
import { deviceName } from './words.ts'
import { hang } from './wrap.ts'

export interface Screen {
  readonly daemon: StatusAnswer
  readonly devices: readonly DeviceAnswer[]
  readonly models: readonly ModelAnswer[]
}

const BAR_MIN = 12
const BAR_MAX = 40

/** The daemon, its devices and what is in them on one screen. */
export function renderStatus(screen: Screen, look: Look, now: number): string {
  const resident = screen.models.filter(isResident)
  const failed = screen.models.filter((model) => model.failure !== null)
  return [
    renderDaemon(screen.daemon, look),
    renderDevices(screen.devices, look),
    resident.length > 0 ? renderPs(resident, screen.devices, look, now) : '',
    failed.map((model) => renderFailure(model, look)).join(''),
    renderCounts(screen.daemon),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

const SEPARATOR = ' · '

function renderDaemon(daemon: StatusAnswer, look: Look): string {
  const facts: Cell[] = [
    { text: `enginehouse ${daemon.version}`, meaning: 'heading' },
    ...(daemon.listen === null ? [] : [{ text: daemon.listen }]),
    { text: `pid ${daemon.pid}` },
    stageCell(daemon),
  ]
  const length = facts.reduce((sum, { text }) => sum + text.length + SEPARATOR.length, -SEPARATOR.length)
  // The process's number is what is missed least.
  if (look.width !== null && length > look.width) facts.splice(-2, 1)
  const line = facts.map(({ text, meaning }) => paint(text, meaning ?? null, look)).join(SEPARATOR)
  const manifest = daemon.manifest === null ? '' : `manifest ${daemon.manifest}\n`
  return `${line}\n${manifest}`
}

function stageCell({ stage, uptime_seconds: uptime }: StatusAnswer): Cell {
  if (stage === 'serving') return { text: `up ${formatDuration(Math.max(1, uptime) * 1000)}` }
  return { text: stage === 'stopping' ? 'shutting down' : 'recovering', meaning: 'busy' }
}

function renderDevices(devices: readonly DeviceAnswer[], look: Look): string {
  const labels = devices.map((device) => deviceName(device.id, devices))
  const longest = Math.max(0, ...labels.map((label) => label.length))
  const widest = Math.max(0, ...devices.map(({ free }) => formatBytes(free).length))
  return devices
    .map((device, index) => renderDevice(device, { label: (labels[index] ?? '').padEnd(longest), widest }, look))
    .join('')
}

/** `label` and figures in columns over all devices. */
function renderDevice(
  device: DeviceAnswer,
  { label, widest }: { readonly label: string; readonly widest: number },
  look: Look,
): string {
  const claimed = claimedOn(device)
  const width = Math.min(BAR_MAX, Math.max(BAR_MIN, Math.floor((look.width ?? 0) / 7)))
  // From the left in the order of what is asked most; what does not fit is left out whole.
  const facts = [
    `${formatBytes(device.free).padStart(widest)} free of ${formatBytes(device.total)}`,
    ...(device.quarantined > 0 ? [`missing ${formatBytes(device.quarantined)}`] : []),
    `ours ${formatBytes(claimed)}`,
    `others ${device.foreign === null ? 'unknown' : formatBytes(device.foreign)}`,
    ...(device.kind === 'host' ? [] : [plain(device.name)]),
  ]
  const room = look.width === null ? Number.POSITIVE_INFINITY : look.width - label.length - width - 4
  while (facts.length > 1 && facts.join(', ').length > room) facts.pop()
  return `${label}  ${bar(device, sharesOf(device), width, look)}  ${cut(facts.join(', '), room)}\n`
}

function renderFailure(model: ModelAnswer, look: Look): string {
  if (model.failure === null) return ''
  const text = `${model.id} failed (${model.failure.class}): ${plain(model.failure.message)}`
  return hang(paint('✗ ', 'bad', look), 2, text, look, 'bad')
}

function renderCounts({ models, waiting }: StatusAnswer): string {
  const counts = [`${models.loaded} loaded`, `${models.loading} loading`, `${models.failed} failed`].join(', ')
  const queue = waiting === 1 ? '; 1 request waits' : waiting > 1 ? `; ${waiting} requests wait` : ''
  return `${models.total} ${models.total === 1 ? 'model' : 'models'}: ${counts}${queue}\n`
}
