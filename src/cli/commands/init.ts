import { readFile, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

import { EnginehouseError } from '../../core/index.ts'
import { systemCode, systemReason } from '../../lib/system-reason.ts'
import type { Register } from '../command.ts'
import type { FoundWeights } from '../init/find.ts'
import type { Job } from '../job.ts'
import { plain } from '../render/paint.ts'

interface InitOptions {
  readonly output?: string
  readonly force?: true
}

const USUAL = 'enginehouse.yaml'
const SCHEMA = 'manifest.schema.json'
/** Files that are left out are named up to this; the rest is counted. */
const NAMED_MAX = 10

export const init: Register = (program, act) => {
  program
    .command('init')
    .summary('propose a manifest for this host')
    .description('propose a manifest from the models, engines and devices of this host; needs no daemon')
    .argument('[path...]', 'GGUF files, or directories to look in, instead of the usual places')
    .option('-o, --output <file>', `write it there; with --yes into ./${USUAL}, else it is printed`)
    .option('--force', 'replace a file that is there')
    .action(act((job, paths: readonly string[], options: InitOptions) => propose(job, paths, options)))
}

async function propose(job: Job, paths: readonly string[], options: InitOptions): Promise<void> {
  const [{ findWeights, lookAround }, { exampleProposal, nameAll, proposal }, house] = await Promise.all([
    import('../init/find.ts'),
    import('../init/propose.ts'),
    job.world.house(),
  ])
  const path = outputOf(job, options)
  if (path !== null && !options.force) await refuseThere(path)
  const [found, finds] = await Promise.all([findWeights(job, house, paths), lookAround(job, house)])
  const models = nameAll(found.weights, finds.claimable)
  const text = models.length > 0 ? proposal(models, finds) : exampleProposal(await readExample(), finds)
  if (path !== null) await writeBoth(job, path, text, options)
  tell(job, found)
  if (job.options.json) {
    const shown = models.map(({ name, weights, isDefault }) => ({ ...weights, name, default: isDefault }))
    const { leftOut, places, cut } = found
    job.printJson({ manifest: text, written: path, models: shown, left_out: leftOut, places, cut })
  } else if (path === null) job.print(text)
  else job.print(`${path}: ${models.length === 0 ? 'an example' : counted(models.length, 'model')}\n`)
}

function outputOf({ options: { yes } }: Job, { output }: InitOptions): string | null {
  if (output !== undefined) return resolve(output)
  return yes ? resolve(USUAL) : null
}

/** Found out before the search, so that nobody waits for it in vain. */
async function refuseThere(path: string): Promise<void> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  )
  if (isThere) throw new EnginehouseError('file_exists', { path })
}

/** The manifest, and beside it the schema that its first line names, unless that is there. */
async function writeBoth(job: Job, path: string, text: string, { force }: InitOptions): Promise<void> {
  const [{ knowledge }, { manifestJsonSchema }] = await Promise.all([
    job.world.house(),
    import('../../manifest/index.ts'),
  ])
  const schema = `${JSON.stringify(manifestJsonSchema(knowledge.engines), null, 2)}\n`
  try {
    await writeFile(path, text, { flag: force ? 'w' : 'wx' })
    await writeFile(join(dirname(path), SCHEMA), schema, { flag: 'wx' }).catch((error: unknown) => {
      if (systemCode(error) !== 'EEXIST') throw error
    })
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw new EnginehouseError('file_exists', { path }, { cause: error })
    throw new EnginehouseError('output_failed', { why: `${path}: ${systemReason(error)}` }, { cause: error })
  }
  job.note(`Beside it is ${SCHEMA}, which editors complete and check it by.`)
}

/** What the search did not take, on stderr. */
function tell(job: Job, { weights, leftOut, places, cut }: FoundWeights): void {
  const shown = leftOut.slice(0, NAMED_MAX)
  for (const { path, why } of shown) job.note(`Left out ${plain(path)}: ${plain(why)}.`)
  if (leftOut.length > shown.length) job.note(`Left out ${counted(leftOut.length - shown.length, 'more file')}.`)
  if (cut !== null) job.note(`Not everything was looked at: ${cut}. Name the directories to look in.`)
  if (weights.length === 0) job.note(`No model was found in ${places.map(plain).join(', ')}.`)
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** The manifest that the quickstart runs. */
function readExample(): Promise<string> {
  const root = dirname(createRequire(import.meta.url).resolve('#package'))
  return readFile(join(root, 'configs', 'quickstart.yaml'), 'utf8')
}
