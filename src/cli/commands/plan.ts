import { EXIT } from '../../core/index.ts'
import type { Register } from '../command.ts'
import { planManifest } from '../plan-manifest.ts'

interface PlanOptions {
  readonly exitCode?: true
}

/** With --exit-code, for scripts that look for changes (INTERFACE 2). */
export const CHANGES = 10

export const plan: Register = (program, act) => {
  program
    .command('plan')
    .description('show what another manifest would change')
    .argument('[file]', "the manifest; - reads it from stdin; without it the daemon's own, as its file is now")
    .option('--exit-code', `exit with ${CHANGES} when something would change`)
    .action(
      act(async (job, file: string | undefined, { exitCode }: PlanOptions) => {
        const { isEmptyPlan, renderManifestPlan, unplaceable } = await import('../render/manifest-plan.ts')
        const { plan: found, from, daemon } = await planManifest(job, file)
        if (daemon === null) job.note(`No daemon runs here: ${from} is compared with nothing.`)
        if (job.options.json) job.printJson(found)
        else job.print(renderManifestPlan(found, job.look))
        if (unplaceable(found).length > 0) return EXIT.placement
        return exitCode && !isEmptyPlan(found) ? CHANGES : EXIT.ok
      }),
    )
}
