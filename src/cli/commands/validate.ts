import type { Register } from '../command.ts'
import {
  manifestPath,
  readManifestFile,
  readManifestStdin,
  requireManifestRead,
  sayWarnings,
  STDIN,
  type Reading,
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
        const unasked = new Set<string>()
        const reading: Reading = {
          programs: { patience: 'long', progress: 'shown', unasked: (engine) => unasked.add(engine) },
        }
        const result =
          file === STDIN ? await readManifestStdin(job, reading) : await readManifestFile(job, path, reading)
        const read = await requireManifestRead(job, result)
        await sayWarnings(job, read)
        if (!job.options.json) unasked.forEach((engine) => job.note(notHeld(engine)))
        const { models } = read.manifest
        const { problemShape } = await import('../../manifest/index.ts')
        const warned = read.warnings.problems.map(problemShape)
        if (job.options.json) job.printJson({ path, valid: true, models: [...models.keys()], warnings: warned })
        else job.print(`${path} is valid: ${models.size} ${models.size === 1 ? 'model' : 'models'}\n`)
      }),
    )
}

function notHeld(engine: string): string {
  return `${engine} is not here, or does not say which flags it knows: those in \`args\` were not held against it.`
}
