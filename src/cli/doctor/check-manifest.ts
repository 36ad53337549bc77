import { formatBytes, nextOf, sentenceOf } from '../../core/index.ts'
import type { ModelSpec } from '../../core/index.ts'
import { lackText } from '../lack-text.ts'
import type { EngineFacts, Facts, GoodManifestFacts, ManifestFacts } from './facts.ts'
import { fail, type Finding, pass, warn } from './finding.ts'

export function checkManifest(manifest: ManifestFacts): Finding {
  const check = 'manifest'
  switch (manifest.kind) {
    case 'absent':
      return warn(check, `none at ${manifest.looked.join(', ')}`, '`enginehouse init` proposes one from what is here.')
    case 'unreadable':
      return fail(
        check,
        `${manifest.path} cannot be read: ${manifest.why}`,
        'Correct its permissions, or name another by -c.',
      )
    case 'invalid': {
      const { path, problems, first } = manifest
      const count = problems === 1 ? '1 problem' : `${problems} problems`
      return fail(check, `${path} has ${count}: ${first}`, '`enginehouse validate` shows each with its line.')
    }
    case 'good': {
      const { models, path } = manifest
      const found = `${path}: ${models.length === 1 ? '1 model' : `${models.length} models`}`
      return models.length > 0 ? pass(check, found) : warn(check, found, '`enginehouse init` proposes some.')
    }
    default:
      return manifest satisfies never
  }
}

/** A line for each model whose weights are not as they should be, or one for all. */
export function checkWeights({ foresight }: GoodManifestFacts): readonly Finding[] {
  const check = 'weights'
  const bad = foresight.flatMap(({ model, sources }): Finding[] => {
    const [failed] = sources.flatMap((look) => (look.kind === 'failed' ? [look] : []))
    if (!failed) return []
    const found = withoutStop(`${model}: ${sentenceOf(failed.code, failed.facts)}`)
    const next = nextOf(failed.code, failed.facts)
    const isLost = sources.every((look) => look.kind === 'failed')
    return [isLost ? fail(check, found, next) : warn(check, `${found}; another source is used`, next)]
  })
  if (bad.length > 0) return bad
  const withSources = foresight.filter(({ sources }) => sources.length > 0)
  const present = withSources.filter(({ sources }) => sources.some((look) => look.kind === 'present')).length
  const later = withSources.length - present
  if (withSources.length === 0) return [pass(check, 'no model has a source')]
  return [pass(check, `${present} here${later > 0 ? `, ${later} fetched when first asked for` : ''}`)]
}

export function checkEngines({ engines, programsMissing }: GoodManifestFacts): readonly Finding[] {
  const check = 'engines'
  const commands = programsMissing.map(({ model, program }) =>
    fail(check, `${model}: its command ${program} was not found`, 'Install it, or name it with its whole path.'),
  )
  const found = engines.map((engine) => checkEngine(engine))
  return found.length + commands.length > 0 ? [...found, ...commands] : [pass(check, 'none is asked for')]
}

function checkEngine({ name, models, installable, byHand, path, version }: EngineFacts): Finding {
  const check = 'engines'
  const users = models === 1 ? '1 model needs' : `${models} models need`
  if (path === null) {
    const install = installable ? `\`enginehouse engines install ${name}\`, or put it on PATH` : 'Put it on PATH'
    return fail(
      check,
      `${name} was not found, and ${users} it`,
      byHand ?? `${install}, or set \`engines.${name}.path\`.`,
    )
  }
  if (version !== null) return pass(check, `${name} ${version} at ${path}`)
  return warn(check, `${name} at ${path} does not tell its version`, `Run \`${path} --version\` to see why.`)
}

export function checkListen({ listen: { shown, state, address } }: GoodManifestFacts): Finding {
  const check = 'address'
  if (state === 'ours') return pass(check, `${shown} is the daemon's`)
  if (state === 'free')
    return pass(check, address.kind === 'tcp' && address.port === 0 ? `${shown}: a free port` : `${shown} is free`)
  const fix = 'End what listens there, or change `server.listen`.'
  if (state === 'taken') return fail(check, `something else listens on ${shown}`, fix)
  return fail(check, `${shown} cannot be had: ${state.refused}`, 'Change `server.listen`.')
}

/** Whether each model can ever run, and whether those that are always kept fit together. */
export function checkClaims(
  { foresight, models }: GoodManifestFacts,
  { memory }: Pick<Facts, 'memory'>,
): readonly Finding[] {
  const check = 'claims'
  const tooLarge = foresight.flatMap(({ model, fit }) =>
    fit === null || fit.fits
      ? []
      : [
          fail(
            check,
            `${model} ${lackText(fit)}`,
            'Take smaller weights, lower `context` or `parallel`, or raise `memory.host`.',
          ),
        ],
  )
  if (tooLarge.length > 0) return tooLarge
  const kept = claimsOf(
    models.filter(({ keep }) => keep === 'always'),
    foresight,
  )
  const room = formatBytes(memory.claimable)
  if (kept > memory.claimable) {
    const found = `models with \`keep: always\` need ${formatBytes(kept)} together, and engines may claim ${room}`
    return [fail(check, found, 'Keep fewer of them, or raise `memory.host`.')]
  }
  const unknown = foresight.filter(({ need }) => need === null).length
  const more = unknown > 0 ? `; ${unknown} not known before the weights are fetched` : ''
  const all = claimsOf(models, foresight)
  const together = all <= memory.claimable ? 'all fit at once' : 'not all fit at once: idle ones make room'
  const found = `${formatBytes(all)} of ${room}, ${together}${more}`
  const first = memory.free !== null && kept > memory.free
  if (!first) return [pass(check, found)]
  const short = `models with \`keep: always\` need ${formatBytes(kept)}, and ${formatBytes(memory.free ?? 0)} are free now`
  return [warn(check, short, 'End what else runs here, or keep fewer of them.')]
}

function claimsOf(models: readonly ModelSpec[], foresight: GoodManifestFacts['foresight']): number {
  const names = new Set(models.map(({ name }) => name))
  return foresight.reduce((sum, { model, need }) => sum + (names.has(model) ? (need?.host ?? 0) : 0), 0)
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '')
}
