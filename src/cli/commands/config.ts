import type { Register } from '../command.ts'

export const config: Register = (program, act) => {
  program
    .command('config')
    .description('what a manifest may say')
    .command('schema')
    .description('print the JSON Schema of the manifest, for editors; needs no daemon')
    .action(
      act(async (job) => {
        const { manifestJsonSchema } = await import('../../manifest/index.ts')
        if (job.options.json) job.printJson(manifestJsonSchema())
        else job.print(`${JSON.stringify(manifestJsonSchema(), null, 2)}\n`)
      }),
    )
}
