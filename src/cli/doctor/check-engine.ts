import { type Finding, fail, pass, warn } from './finding.ts'
import type { EngineProgramFacts, ManifestFlags } from './gather-engine.ts'

/** From the program to what the manifest asks of it; what cannot be known because of an earlier line is left out. */
export function checkEngine(facts: EngineProgramFacts): readonly Finding[] {
  const { name, place, looked, path, image, problem } = facts
  if (place === 'of_manifest') return [pass('program', 'it is what `command` of each model says')]
  if (place === 'missing') return [fail('program', `${name} was not found at ${looked.join(', ')}`, facts.getIt)]
  if (image !== null) return [pass('program', `${path} runs the image ${image}, which is not looked into`)]
  const found = pass('program', path ?? '')
  if (problem !== null) {
    return [found, fail('version', `the program does not run: ${problem}`, `Run \`${path} --version\` to see why.`)]
  }
  return [found, checkVersion(facts), ...checkFlags(facts)]
}

function checkVersion({ path, version }: EngineProgramFacts): Finding {
  if (version !== null) return pass('version', version)
  return warn('version', 'it does not tell its version', `Run \`${path} --version\` to see what it says.`)
}

function checkFlags({ name, path, flags, own, manifest, getIt }: EngineProgramFacts): readonly Finding[] {
  if (own === null) return []
  if (flags === null) {
    const next = `Run \`${[path, ...own.help].join(' ')}\` to see what it prints.`
    return [warn('flags', 'its help was not understood, so that its flags are not known', next)]
  }
  const set = 'flags we set'
  return [
    pass('flags', `${flags} known`),
    own.unknown.length === 0
      ? pass(set, `all ${own.set} are known to it`)
      : fail(
          set,
          `${name} does not know ${own.unknown.join(', ')}: it will not start`,
          `Get another version. ${getIt}`,
        ),
    ...(manifest === null ? [] : checkManifest(manifest)),
  ]
}

function checkManifest(manifest: ManifestFlags): readonly Finding[] {
  const check = 'args'
  const { path } = manifest
  if (manifest.kind === 'unread') {
    return [
      warn(check, `${path} cannot be used, so \`args\` were not looked at`, `Run \`enginehouse validate ${path}\`.`),
    ]
  }
  const wrong = manifest.models.flatMap(({ model, unknown }) =>
    unknown.length === 0
      ? []
      : [warn(check, `${model}: it does not know ${unknown.join(', ')}`, `Correct \`args\` of ${model} in ${path}.`)],
  )
  if (wrong.length > 0) return wrong
  const { length } = manifest.models
  return [pass(check, length === 0 ? `no model of ${path} asks for it` : `all known, of ${count(length)} in ${path}`)]
}

function count(models: number): string {
  return models === 1 ? '1 model' : `${models} models`
}
