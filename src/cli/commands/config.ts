import type { Register } from '../command.ts'
import { daemonSettings } from '../daemon-settings.ts'
import type { Job } from '../job.ts'
import { manifestPath, readManifestFile, requireManifestRead } from '../manifest-file.ts'
import { type OverrideOptions, withOverrides } from '../override-options.ts'

interface ShowOptions extends OverrideOptions {
  readonly origin?: true
}

export const config: Register = (program, act) => {
  const group = program.command('config').description('what a manifest may say, and what holds')
  const show = group
    .command('show')
    .description('show every value that holds: flag, environment, manifest, default; needs no daemon')
    .option('--origin', 'and which of them it comes from')
  withOverrides(show).action(act((job, options: ShowOptions) => showConfig(job, options)))
  group
    .command('schema')
    .description('print the JSON Schema of the manifest, for editors; needs no daemon')
    .action(
      act(async (job) => {
        const [{ knowledge }, { manifestJsonSchema }] = await Promise.all([
          job.world.house(),
          import('../../manifest/index.ts'),
        ])
        const schema = manifestJsonSchema(knowledge.engines)
        if (job.options.json) job.printJson(schema)
        else job.print(`${JSON.stringify(schema, null, 2)}\n`)
      }),
    )
}

async function showConfig(job: Job, options: ShowOptions): Promise<void> {
  const path = await manifestPath(job, undefined)
  const { manifest, settings } = await requireManifestRead(
    job,
    await readManifestFile(job, path, { flags: options, programs: null }),
  )
  const screen = { manifest: manifest.path, daemon: await daemonSettings(job, options), settings: settings() }
  if (job.options.json) job.printJson(screen)
  else {
    // It brings the YAML library along.
    const { renderConfig } = await import('../render/config.ts')
    job.print(renderConfig(screen, options.origin ? 'shown' : 'hidden', job.look))
  }
}
