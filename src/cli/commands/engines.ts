import { delimiter } from 'node:path'

import { EnginehouseError, EXIT } from '../../core/index.ts'
import { nearest } from '../../lib/nearest.ts'
import { askVersion } from '../ask-programs.ts'
import type { Register } from '../command.ts'
import type { Job } from '../job.ts'
import { renderEngines, type EngineRow } from '../render/engines.ts'
import type { EngineEntry, EnginePlaces } from '../world.ts'

export const engines: Register = (program, act) => {
  const group = program.command('engines').description('the inference servers that this host has')
  group
    .command('list')
    .description('show which engine binaries are here, and their versions')
    .action(
      act(async (job) => {
        const places = await placesOf(job)
        const house = await job.world.house()
        const rows = await Promise.all(house.engines.map((engine) => lookAt(engine, places, job)))
        if (job.options.json) job.printJson({ engines: rows })
        else job.print(renderEngines(rows, job.look))
      }),
    )
  group
    .command('install')
    .description('install an engine into the state directory')
    .argument('<name>')
    .action(act(async (job, name: string) => install(job, name)))
  group
    .command('doctor')
    .description("ask an engine's program for its version and flags, and say what of ours it does not know")
    .argument('<name>')
    .action(act(async (job, name: string) => examine(job, name)))
}

async function examine(job: Job, name: string): Promise<number> {
  const house = await job.world.house()
  const engine = house.engines.find((each) => each.name === name)
  if (!engine) {
    const known = house.engines.map((each) => each.name)
    throw new EnginehouseError('engine_unknown', { engine: name, wanted: 'look_at', nearest: nearest(name, known) })
  }
  const [{ gatherEngine }, { checkEngine }, { renderDoctor }] = await Promise.all([
    import('../doctor/gather-engine.ts'),
    import('../doctor/check-engine.ts'),
    import('../render/doctor.ts'),
  ])
  const facts = await gatherEngine(job, engine, await placesOf(job))
  const findings = checkEngine(facts)
  const ok = findings.every(({ verdict }) => verdict !== 'fail')
  const { path, version, flags } = facts
  if (job.options.json) job.printJson({ ok, engine: name, path, version, flags, findings })
  else job.print(renderDoctor(findings, job.look))
  return ok ? EXIT.ok : EXIT.failed
}

/** PATH and the state directory; what a manifest names is that manifest's matter. */
async function placesOf({ world }: Job): Promise<EnginePlaces> {
  const { stateDirectoryAt, stateDirectoryPath } = await import('../../journal/index.ts')
  const directory = stateDirectoryAt(stateDirectoryPath(world.environment), world.environment)
  const path = (world.environment['PATH'] ?? '').split(delimiter).filter((each) => each !== '')
  return { configured: null, image: null, path, installed: directory.engines }
}

async function lookAt(engine: EngineEntry, places: EnginePlaces, job: Job): Promise<EngineRow> {
  const installable = engine.install !== null
  try {
    const path = await engine.locate(places)
    if (path === null) return { name: engine.name, state: 'of_manifest', path, version: null, installable }
    const version = await askVersion(job, engine.name, path)
    return { name: engine.name, state: 'found', path, version, installable }
  } catch (error) {
    if (!(error instanceof EnginehouseError) || error.code !== 'engine_not_installed') throw error
    return { name: engine.name, state: 'missing', path: null, version: null, installable }
  }
}

async function install(job: Job, name: string): Promise<void> {
  const house = await job.world.house()
  const known = house.engines.flatMap((engine) => (engine.install ? [engine.name] : []))
  const { install: installer, byHand } = house.engines.find((engine) => engine.name === name) ?? {}
  if (byHand !== undefined) throw new EnginehouseError('engine_not_installable', { engine: name, next: byHand })
  if (!installer) throw new EnginehouseError('engine_unknown', { engine: name, nearest: nearest(name, known) })
  const progress = job.progress()
  try {
    const installed = await installer({
      directory: (await placesOf(job)).installed,
      environment: job.world.environment,
      signal: job.signal,
      onProgress: ({ kind, ...figures }) => progress.update({ label: `${name}: ${kind}`, ...figures }),
    })
    progress.stop()
    if (job.options.json) job.printJson({ engine: name, ...installed })
    else job.print(`${name} ${installed.version} is ${installed.already ? 'already ' : ''}at ${installed.path}\n`)
  } finally {
    progress.stop()
  }
}
