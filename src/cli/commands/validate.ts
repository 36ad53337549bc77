import type { Register } from '../command.ts'
import {
  manifestPath,
  readManifestFile,
  readManifestStdin,
  requireManifestRead,
  sayWarnings,
  STDIN,
} from '../manifest-file.ts'

export const validate: Register = (program, act) => {
  program
    .command('validate')
    .summary('check a manifest, every problem with its line')
    .description('check a manifest and show every problem with its line; needs no daemon')
    .argument('[file]', 'the manifest; - reads it from stdin')
    .action(
      act(async (job, file: string | undefined) => {
        const path = file === STDIN ? 'stdin' : await manifestPath(job, file)
        const result = file === STDIN ? await readManifestStdin(job) : await readManifestFile(job, path)
        const read = await requireManifestRead(job, result)
        await sayWarnings(job, read)
        const { models } = read.manifest
        const { problemShape } = await import('../../manifest/index.ts')
        const warned = read.warnings.problems.map(problemShape)
        if (job.options.json) job.printJson({ path, valid: true, models: [...models.keys()], warnings: warned })
        else job.print(`${path} is valid: ${models.size} ${models.size === 1 ? 'model' : 'models'}\n`)
      }),
    )
}
