import { deviceLabel, formatAmount, formatBytes, formatDuration, isResource, quote, sentenceOf } from '../core/index.ts'
import type { CandidateEvidence, DeviceFacts, JournalRecord, OperatorCommand, ReloadTrigger } from '../core/index.ts'
import {
  budgetPhrase,
  claimsPhrase,
  clock,
  evictionPhrase,
  FAILED_BECAUSE,
  LEFT_BECAUSE,
  modelOf,
  oneLine,
  plural,
  series,
  sparedPhrase,
  VERDICT,
} from './phrases.ts'
import type { RecordOf } from './phrases.ts'

/**
 * One line for a record, made of what stands in it and of nothing else. Every figure of the evidence is in it; what
 * is put together for a reader is in explain.ts.
 */
export function describe(record: JournalRecord): string {
  switch (record.kind) {
    case 'daemon_started': {
      const { version, manifest, models } = record.evidence
      return `The daemon ${version} started with ${plural(models, 'model')} of ${manifest ?? 'no manifest file'}.`
    }
    case 'daemon_stopped':
      return stopped(record.evidence)
    case 'devices':
      return `Devices: ${record.evidence.devices.map(deviceLine).join('; ')}.`
    case 'operator':
      return commandLine(record.evidence.command)
    case 'manifest':
      return manifestLine(record)
    case 'manifest_refused': {
      const { path, trigger, problems, problem } = record.evidence
      return `The manifest ${path}, read again because of ${TRIGGER[trigger]}, was refused and nothing changed; it has ${plural(problems, 'problem')}: ${oneLine(problem)}`
    }
    case 'fell_back': {
      const { request, to, code, facts } = record.evidence
      return `Request ${request} goes to ${to} in place of ${modelOf(record)} (${code}): ${sentenceOf(code, facts)}`
    }
    case 'cleared':
      return `What ${modelOf(record)} had not given back was given up: ${claimsPhrase(record.evidence.claims)}.`
    case 'wanted': {
      const { request, waiting } = record.evidence
      return `Request ${request} wants ${modelOf(record)}, which is not ready; ${plural(waiting, 'request waits', 'requests wait')} for it.`
    }
    case 'gave_up':
      return `Request ${record.evidence.request} left after it had waited ${formatDuration(record.evidence.waited)} for ${modelOf(record)}.`
    case 'fetch':
      return `The weights of ${modelOf(record)}${variantClause(record.evidence.variant)} are being made present.`
    case 'weights':
      return weightsLine(record)
    case 'planned':
      return plannedLine(record)
    case 'started':
      return `${modelOf(record)}${variantClause(record.evidence.variant)} is starting (attempt ${record.evidence.attempt}) with a claim of ${claimsPhrase(record.evidence.claims)}.`
    case 'ready':
      return readyLine(record)
    case 'stopping':
      return `${modelOf(record)} is being unloaded (${record.evidence.reason}): ${whyLine(record)}; ${plural(record.evidence.leases, 'request is', 'requests are')} still running.`
    case 'crashed':
      return crashedLine(record)
    case 'model_failed': {
      const { class: failure, message, attempts, window, retryAt } = record.evidence
      const again = retryAt === null ? 'no further try by itself' : `no further try before ${clock(retryAt)}`
      return `${modelOf(record)} is given up after ${plural(attempts, 'attempt')} within ${formatDuration(window)}, ${again}: ${FAILED_BECAUSE[failure]} (${failure}): ${oneLine(message)}`
    }
    case 'released': {
      const { reason, claims, took } = record.evidence
      return `${modelOf(record)} gave back ${claimsPhrase(claims)} within ${formatDuration(took)}; it left because ${LEFT_BECAUSE[reason]}.`
    }
    case 'stuck': {
      const { missing, why } = record.evidence
      const bytes = series(missing.map(({ device, bytes: lost }) => `${formatAmount(device, lost)} on ${device}`))
      return `${modelOf(record)} did not give back ${bytes || 'its processes'}: ${oneLine(why)}`
    }
    case 'answered': {
      const { evidence } = record
      if (evidence.outcome === 'ready') return `Request ${evidence.request} got ${modelOf(record)}.`
      return `Request ${evidence.request} was refused (${evidence.code}): ${sentenceOf(evidence.code, evidence.facts)}`
    }
    case 'late':
      return `A late ${quote(record.evidence.input)} of the instance ${record.instance ?? 'unknown'} was dropped.`
    case 'leftover':
      return leftoverLine(record)
    default:
      record satisfies never
      return laterKind(record)
  }
}

/** A journal may hold records of a later version. */
function laterKind(record: { readonly kind: string }): string {
  return `A record of a kind that this version does not know: ${quote(record.kind)}.`
}

function commandLine(command: OperatorCommand): string {
  switch (command.kind) {
    case 'load':
      return `An operator asked to load ${command.model} (request ${command.request}).`
    case 'unload':
      return `An operator asked to unload ${command.model}.`
    case 'restart':
      return `An operator asked to restart ${command.model} (request ${command.request}).`
    case 'clear':
      return `An operator asked to give up what stuck instances hold of ${command.device}.`
    case 'unload_all':
      return 'An operator asked to unload every model.'
    case 'pin':
      return `An operator pinned ${command.model} ${command.until === null ? 'until it is unpinned' : `until ${clock(command.until)}`}.`
    case 'unpin':
      return `An operator unpinned ${command.model}.`
    case 'shutdown':
      return `The daemon was asked to shut down by ${clock(command.deadline)}.`
    default:
      return command satisfies never
  }
}

const TRIGGER: Readonly<Record<ReloadTrigger, string>> = Object.freeze({
  signal: 'a signal',
  file: 'a change of the file',
  operator: 'an operator',
})

function manifestLine({ evidence }: RecordOf<'manifest'>): string {
  const { path, added, removed, changed, settings, trigger } = evidence
  const change = changed.map(({ model, keys, relaunch }) => {
    const what = [...keys, ...(relaunch ? ['its launch'] : [])]
    return `${model} (${what.join(', ')})`
  })
  const parts = [
    ...(added.length > 0 ? [`added ${series(added)}`] : []),
    ...(removed.length > 0 ? [`removed ${series(removed)}`] : []),
    ...(change.length > 0 ? [`changed ${series(change)}`] : []),
    ...(settings.length > 0
      ? [`set ${series(settings.map(({ key, restart }) => (restart ? `${key} (after a restart)` : key)))}`]
      : []),
  ]
  return `The manifest ${path ?? '(no file)'} was read again because of ${TRIGGER[trigger]}: ${parts.join('; ') || 'nothing differs'}.`
}

function deviceLine(device: DeviceFacts): string {
  const { id, name, total, reserve, measuredFree, measuredAt } = device
  if (isResource(id)) return `${total} of ${name}`
  const free = measuredFree === null ? 'free memory unknown' : `${formatBytes(measuredFree)} free`
  return `${deviceLabel(device)} (${id}, ${name}) has ${formatBytes(total)}, ${formatBytes(reserve)} reserved, ${free} at ${clock(measuredAt)}`
}

function readyLine(record: RecordOf<'ready'>): string {
  const { loadTime, engine } = record.evidence
  const parts = Object.entries(engine?.memory ?? {}).map(([part, bytes = 0]) => `${formatBytes(bytes)} of ${part}`)
  const tokens = engine?.cacheTokens ?? null
  const said = [...parts, ...(tokens === null ? [] : [`a cache of ${tokens} tokens`])]
  const clause = said.length === 0 ? '' : `; it says that it has ${series(said)}`
  return `${modelOf(record)} is ready; its load took ${formatDuration(loadTime)}${clause}.`
}

function weightsLine(record: RecordOf<'weights'>): string {
  const { evidence } = record
  if (evidence.status === 'failed') {
    return `The weights of ${modelOf(record)}${variantClause(evidence.variant)} could not be had (${evidence.code}): ${oneLine(evidence.message)}`
  }
  const { perGpu, host, origin } = evidence
  const onGpu =
    perGpu === null ? 'no GPU memory' : perGpu === 'all' ? 'each GPU whole' : `${formatBytes(perGpu)} per GPU`
  return `The weights of ${modelOf(record)}${variantClause(evidence.variant)} are present; it needs ${onGpu} and ${formatBytes(host)} on host (${origin}).`
}

/** ` as variant 2`, counted as the manifest lists them; nothing for the model's own way. */
function variantClause(variant: number | undefined): string {
  return variant === undefined || variant === 0 ? '' : ` as variant ${variant}`
}

function plannedLine(record: RecordOf<'planned'>): string {
  const { action, candidates, chosen } = record.evidence
  const model = modelOf(record)
  const decided = {
    start: `${model} can start`,
    evict: `${model} can start once others have left`,
    wait: `${model} has to wait`,
    refuse: `${model} cannot be placed`,
  }[action]
  const weighed = candidates.map((candidate, index) => candidateLine(candidate, { index, chosen: index === chosen }))
  return `${decided}. ${weighed.join(' ')}`.trim()
}

function candidateLine(candidate: CandidateEvidence, place: { index: number; chosen: boolean }): string {
  const { variant, devices, evict, spared, verdict } = candidate
  const parts = [
    `Placement ${place.index + 1}${variantClause(variant)}${place.chosen ? ' (chosen)' : ''} ${VERDICT[verdict]}: ${series(devices.map(budgetPhrase))}`,
  ]
  if (evict.length > 0) parts.push(`leaving: ${evict.map(evictionPhrase).join(', ')}`)
  if (spared.length > 0) parts.push(`staying: ${spared.map(sparedPhrase).join(', ')}`)
  return `${parts.join('; ')}.`
}

function whyLine(record: RecordOf<'stopping'>): string {
  const { why, reason } = record.evidence
  switch (why.rule) {
    case 'ttl':
      return `its last byte left at ${clock(why.lastByteAt)} and its ttl is ${formatDuration(why.ttl)}`
    case 'eviction':
      return `${why.for} needs the ${formatBytes(why.bytes)} it holds, ${idleWords(why)}`
    case 'operator':
      return LEFT_BECAUSE[reason]
    case 'manifest':
      return why.removed ? 'the manifest does not name it any more' : LEFT_BECAUSE[reason]
    case 'shutdown':
      return `${LEFT_BECAUSE[reason]}, with time until ${clock(why.deadline)}`
    default:
      return why satisfies never
  }
}

/** How an evicted model was used when it was chosen. */
function idleWords(why: { readonly idleFor: number; readonly starved: boolean }): string {
  const last = formatDuration(why.idleFor)
  return why.starved ? `busy, last used ${last} before, but the other had waited past the limit` : `idle for ${last}`
}

function crashedLine(record: RecordOf<'crashed'>): string {
  const { class: failure, message, code, signal, during, lost, attempt, retryAt, logTail } = record.evidence
  const end =
    signal === null ? `exit code ${code ?? 'unknown'}` : `${signal}${code === null ? '' : `, exit code ${code}`}`
  const again = retryAt === null ? 'no further try by itself' : `next try at ${clock(retryAt)}`
  const last = logTail.at(-1)
  const said = last === undefined ? '' : `; last of ${plural(logTail.length, 'log line')}: ${quote(oneLine(last))}`
  return `${modelOf(record)} crashed while ${during} (attempt ${attempt}, ${end}, ${plural(lost, 'request')} lost, ${again}): ${FAILED_BECAUSE[failure]} (${failure}): ${oneLine(message)}${said}`
}

function leftoverLine(record: RecordOf<'leftover'>): string {
  const { pid, processes, action } = record.evidence
  const found = {
    stopped: 'it was stopped',
    none_left: 'none of its processes is left',
    not_proven_ours: 'it cannot be proven ours and was left alone',
    survived: 'it survived the stop',
  }[action]
  return `An earlier daemon had started ${modelOf(record)} (${pid === null ? 'pid unknown' : `pid ${pid}`}, ${plural(processes, 'process', 'processes')}): ${found}.`
}

function stopped({ deadline, stuck }: RecordOf<'daemon_stopped'>['evidence']): string {
  const left = stuck === 0 ? 'nothing was left' : `${plural(stuck, 'instance')} stayed stuck`
  return `The daemon stopped; running requests had until ${clock(deadline)}, and ${left}.`
}
