import { formatAmount, formatDuration, sentenceOf } from '../core/index.ts'
import type { JournalRecord, ModelName } from '../core/index.ts'
import { adviceForFailure, adviceForRefusal, adviceForStuck } from './advice.ts'
import type { Finding } from './finding.ts'
import {
  candidateOf,
  claimsPhrase,
  clock,
  evictionPhrase,
  FAILED_BECAUSE,
  LEFT_BECAUSE,
  needPhrase,
  oneLine,
  plural,
  series,
} from './phrases.ts'
import { sayCrashed, sayPlanned, sayStopping, sayWeights } from './say.ts'
import type { Said } from './say.ts'
import { tellStory } from './story.ts'
import type { Story } from './story.ts'

export function explainModel(records: readonly JournalRecord[], model: ModelName): Finding {
  const story = tellStory(records, model)
  const { turning } = story
  if (turning === null) return unmoved(story, model)
  const { text, advice, used = [] } = say(records, story, turning, model)
  const behind = [story.wanted, story.started, ...story.plans, story.released, story.refusal, story.fellBack]
  return {
    at: turning.at,
    summary: `${text}${fallbackClause(story)}${waitingClause(story, turning)}.`,
    used: [turning, ...used, ...behind.filter((record) => record !== null)],
    advice,
  }
}

/** Nothing has happened to it since the daemon started. */
function unmoved(story: Story, model: ModelName): Finding {
  const { daemonStarted, wanted, waiting } = story
  if (wanted !== null && waiting.length > 0) {
    const summary = `${model} has been wanted since ${clock(wanted.at)} by ${plural(waiting.length, 'request')}; nothing is decided yet.`
    return { at: wanted.at, summary, used: [wanted], advice: [] }
  }
  if (daemonStarted === null) {
    return { at: null, summary: `Nothing is recorded of ${model}.`, used: [], advice: [] }
  }
  const summary = `${model} is not loaded: nothing has asked for it since the daemon started at ${clock(daemonStarted.at)}.`
  return {
    at: daemonStarted.at,
    summary,
    used: [daemonStarted],
    advice: [`send ${model} a request, or set keep: always or keep: preload for it`],
  }
}

function say(
  records: readonly JournalRecord[],
  story: Story,
  turning: NonNullable<Story['turning']>,
  model: ModelName,
): Said {
  switch (turning.kind) {
    case 'fetch':
      return { text: `${model} waits for its weights since ${clock(turning.at)}${wantedClause(story)}`, advice: [] }
    case 'weights':
      return sayWeights(turning, model)
    case 'planned':
      return sayPlanned(story, turning, model)
    case 'started': {
      const { attempt, claims } = turning.evidence
      const tries = attempt > 1 ? ` (attempt ${attempt})` : ''
      const text = `${model} has been starting since ${clock(turning.at)}${tries} with ${claimsPhrase(claims)}${wantedClause(story)}${placeClause(story)}`
      return { text, advice: [] }
    }
    case 'ready': {
      const text = `${model} has been ready since ${clock(turning.at)}, after a load of ${formatDuration(turning.evidence.loadTime)}${wantedClause(story)}${placeClause(story)}`
      return { text, advice: [] }
    }
    case 'stopping':
      return sayStopping(records, story, turning, model)
    case 'crashed':
      return sayCrashed(turning, model)
    case 'model_failed': {
      const { class: failure, message, attempts, window, retryAt } = turning.evidence
      const again =
        retryAt === null ? 'it is not tried again by itself' : `it is not tried again before ${clock(retryAt)}`
      const text = `${model} was given up at ${clock(turning.at)} after ${plural(attempts, 'attempt')} within ${formatDuration(window)}, as ${FAILED_BECAUSE[failure]} (${oneLine(message)}); ${again}`
      return { text, advice: adviceForFailure(failure, model) }
    }
    case 'released': {
      const { reason, took } = turning.evidence
      const text = `${model} left at ${clock(turning.at)}, because ${LEFT_BECAUSE[reason]}; its memory was back after ${formatDuration(took)}`
      return { text, advice: [] }
    }
    case 'stuck': {
      const { missing, why } = turning.evidence
      const lost =
        series(missing.map(({ device, bytes }) => `${formatAmount(device, bytes)} on ${device}`)) || 'its processes'
      const text = `${model} was taken down and did not give back ${lost}, found at ${clock(turning.at)} (${oneLine(why)})`
      return { text, advice: adviceForStuck(missing.map(({ device }) => device)) }
    }
    case 'cleared': {
      const text = `${model} is not loaded: what it had not given back (${claimsPhrase(turning.evidence.claims)}) was given up by an operator at ${clock(turning.at)}`
      return { text, advice: [] }
    }
    case 'answered': {
      const { evidence } = turning
      if (evidence.outcome === 'ready') return { text: `${model} answered at ${clock(turning.at)}`, advice: [] }
      const sentence = sentenceOf(evidence.code, evidence.facts).replace(/\.$/, '')
      return {
        text: `${model} could not be placed at ${clock(turning.at)}: ${sentence}`,
        advice: adviceForRefusal(evidence),
      }
    }
    case 'leftover': {
      const { processes, action } = turning.evidence
      const text = `${model} is not loaded: an engine of it from an earlier daemon was found at ${clock(turning.at)} (${plural(processes, 'process', 'processes')}, ${action.replaceAll('_', ' ')})`
      return { text, advice: [] }
    }
    default:
      return turning satisfies never
  }
}

/** `; req_1 wanted it`. */
function wantedClause({ wanted }: Story): string {
  if (wanted === null) return ''
  if (wanted.kind === 'operator') return `; an operator asked for it at ${clock(wanted.at)}`
  return `; request ${wanted.evidence.request} wanted it at ${clock(wanted.at)}`
}

/** Where it found its memory, and who left for it. */
function placeClause({ plans }: Story): string {
  const last = plans.at(-1)
  const candidate = last && candidateOf(last.evidence)
  if (candidate === undefined) return ''
  const left = plans.flatMap((plan) => candidateOf(plan.evidence)?.evict ?? [])
  const room = left.length === 0 ? '' : `; unloaded for it: ${left.map(evictionPhrase).join(', ')}`
  return `; it needed ${needPhrase(candidate.devices)}${room}`
}

/** `; request r2 went to small in its place at 14:03`. */
function fallbackClause({ fellBack }: Story): string {
  if (fellBack === null) return ''
  const { request, to } = fellBack.evidence
  return `; request ${request} went to ${to} in its place at ${clock(fellBack.at)}`
}

const SERVED = new Set<string>(['ready', 'released', 'leftover', 'cleared'])

function waitingClause({ waiting }: Story, turning: NonNullable<Story['turning']>): string {
  if (waiting.length === 0 || SERVED.has(turning.kind)) return ''
  return `; ${plural(waiting.length, 'request waits', 'requests wait')} for it`
}
