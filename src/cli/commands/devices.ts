import { EnginehouseError, formatBytes } from '../../core/index.ts'
import type { DeviceAnswer } from '../answers.ts'
import type { Register } from '../command.ts'
import type { Job } from '../job.ts'
import { renderDevices } from '../render/devices.ts'
import { deviceName } from '../render/words.ts'

export const devices: Register = (program, act) => {
  const group = program
    .command('devices')
    .summary('what each device holds and what is free')
    .description('show what each device holds and what is free')
    .action(
      act(async (job) => {
        const all = await (await job.client()).devices()
        if (job.options.json) job.printJson({ devices: all })
        else job.print(renderDevices(all, job.look))
      }),
    )
  group
    .command('clear')
    .description('count the missing memory of a device as free again, once you have seen that it is')
    .argument('<device>', 'its number, its id or the start of it, or host')
    .action(act(async (job, device: string) => clear(job, device)))
}

async function clear(job: Job, named: string): Promise<void> {
  const client = await job.client()
  const all = await client.devices()
  const { id } = findDevice(all, named)
  const answer = await client.clearDevice(id)
  if (job.options.json) return job.printJson(answer)
  const label = deviceName(id, all)
  for (const { model, bytes } of answer.cleared) {
    job.print(`${formatBytes(bytes)} that ${model} held on ${label} count as free again\n`)
  }
  if (answer.cleared.length === 0) job.note(`Nothing was missing on ${label}.`)
  else job.print(`${label} has ${formatBytes(answer.device.free)} free\n`)
}

/** `0`, `GPU 0`, an id or the start of one. Throws device_not_found where none or several are meant. */
function findDevice(all: readonly DeviceAnswer[], named: string): DeviceAnswer {
  const wanted = named.toLowerCase().replace(/^gpu ?(?=\d+$)/, '')
  const found = all.filter(
    (device) =>
      device.id.toLowerCase().startsWith(wanted) || (device.kind !== 'host' && String(device.index) === wanted),
  )
  const [device] = found
  if (device !== undefined && found.length === 1) return device
  const exact = found.find(({ id }) => id === named)
  if (exact) return exact
  throw new EnginehouseError('device_not_found', { device: named, there: all.map(({ id }) => id) })
}
