import type { Register } from '../command.ts'
import { manifestPath, readManifestFile, requireManifest } from '../manifest-file.ts'

export const validate: Register = (program, act) => {
  program
    .command('validate')
    .description('check a manifest and show every problem with its line; needs no daemon')
    .argument('[file]')
    .action(
      act(async (job, file: string | undefined) => {
        const path = await manifestPath(job, file)
        const { models } = await requireManifest(job, await readManifestFile(job, path))
        if (job.options.json) job.printJson({ path, valid: true, models: [...models.keys()] })
        else job.print(`${path} is valid: ${models.size} ${models.size === 1 ? 'model' : 'models'}\n`)
      }),
    )
}
