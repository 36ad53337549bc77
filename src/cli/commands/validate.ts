import type { Register } from '../command.ts'
import { manifestPath, readManifestFile, readManifestStdin, requireManifest, STDIN } from '../manifest-file.ts'

export const validate: Register = (program, act) => {
  program
    .command('validate')
    .description('check a manifest and show every problem with its line; needs no daemon')
    .argument('[file]', 'the manifest; - reads it from stdin')
    .action(
      act(async (job, file: string | undefined) => {
        const path = file === STDIN ? 'stdin' : await manifestPath(job, file)
        const result = file === STDIN ? await readManifestStdin(job) : await readManifestFile(job, path)
        const { models } = await requireManifest(job, result)
        if (job.options.json) job.printJson({ path, valid: true, models: [...models.keys()] })
        else job.print(`${path} is valid: ${models.size} ${models.size === 1 ? 'model' : 'models'}\n`)
      }),
    )
}
