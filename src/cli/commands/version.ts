import { EXIT } from '../../core/index.ts'
import type { Register } from '../command.ts'
import { packageVersion } from '../../lib/package-version.ts'

export const version: Register = (program, act) => {
  program
    .command('version')
    .summary('the version of this program')
    .description('show the version of this program')
    .action(
      act(async (job) => {
        const facts = {
          version: packageVersion(),
          node: process.version,
          platform: `${process.platform}-${process.arch}`,
        }
        if (job.options.json) job.printJson(facts)
        else job.print(`enginehouse ${facts.version} (node ${facts.node}, ${facts.platform})\n`)
        return EXIT.ok
      }),
    )
}
