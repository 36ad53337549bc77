import { EnginehouseError } from '../../core/index.ts'
import type { Register } from '../command.ts'
import { confirm } from '../confirm.ts'
import type { Job } from '../job.ts'
import { planManifest, type Planned } from '../plan-manifest.ts'
import { isSameFile, replaceManifest } from '../replace-manifest.ts'

export const apply: Register = (program, act) => {
  program
    .command('apply')
    .description('show the plan, ask, and put a manifest in force')
    .argument('[file]', "takes the place of the daemon's manifest, which is kept as .bak; - reads it from stdin")
    .action(act((job, file: string | undefined) => applyManifest(job, file)))
}

async function applyManifest(job: Job, file: string | undefined): Promise<void> {
  const { isEmptyPlan, renderManifestPlan } = await import('../render/manifest-plan.ts')
  const planned = await planManifest(job, file)
  const { daemon, plan } = planned
  if (daemon === null)
    throw new EnginehouseError('daemon_unreachable', { where: 'the admin socket of the state directory' })
  const target = await targetOf(job, planned)
  if (!job.options.json) job.print(renderManifestPlan(plan, job.look))
  if (target === null && isEmptyPlan(plan)) {
    if (job.options.json) job.printJson({ plan, reload: null, backup: null })
    return
  }
  if (!(await confirm(job, question(planned, target)))) throw new EnginehouseError('not_confirmed', {})
  const backup = target === null ? null : await replaceManifest(target, planned.text ?? '')
  const reload = await daemon.client.reload()
  if (job.options.json) job.printJson({ plan, reload, backup })
  else job.print(outcome(planned, backup))
}

/** The daemon's manifest where another text is to take its place; null where it is that file already. */
async function targetOf(job: Job, { daemon, from }: Planned): Promise<string | null> {
  const manifest = daemon?.manifest ?? null
  if (manifest === null) {
    throw new EnginehouseError('not_supported', {
      what: 'Another manifest for a daemon that was started without a file',
    })
  }
  if (from !== 'stdin' && (await isSameFile(from, manifest))) return null
  const { host } = job.options
  if (host === undefined || host.startsWith('unix:')) return manifest
  throw new EnginehouseError('not_supported', { what: 'Replacing the manifest of a daemon on another host' })
}

function question({ from }: Planned, target: string | null): string {
  return target === null ? 'Apply?' : `${from} takes the place of ${target}, which is kept as .bak.\nApply?`
}

function outcome({ plan }: Planned, backup: string | null): string {
  const later = plan.settings.flatMap(({ key, restart }) => (restart ? [key] : []))
  const restart = later.length === 0 ? '' : `At the next start of the daemon: ${later.join(', ')}.\n`
  const kept = backup === null ? '' : `What stood there before is at ${backup}.\n`
  return `Applied.\n${restart}${kept}`
}
