import { EXIT } from '../../core/index.ts'
import type { Register } from '../command.ts'
import { renderDoctor } from '../render/doctor.ts'

export const doctor: Register = (program, act) => {
  program
    .command('doctor')
    .summary('look at host, manifest and daemon, say what to mend')
    .description('look at this host, the manifest and the daemon, and say what to mend; needs no daemon')
    .action(
      act(async (job) => {
        const [{ gather }, { examine }] = await Promise.all([
          import('../doctor/gather.ts'),
          import('../doctor/checks.ts'),
        ])
        const findings = examine(await gather(job))
        const isWell = findings.every(({ verdict }) => verdict !== 'fail')
        if (job.options.json) job.printJson({ ok: isWell, findings })
        else job.print(renderDoctor(findings, job.look))
        return isWell ? EXIT.ok : EXIT.failed
      }),
    )
}
