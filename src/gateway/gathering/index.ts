import { gatherChoices } from './choices.ts'
import { Gathering } from './gathering.ts'
import { gatherMessage } from './messages.ts'
import { gatherResponse } from './responses.ts'

export { wholeHead } from './gathering.ts'
export type { Gathering }

/** By the engine's route; null: it has no stream that says the same. */
export function gatheringFor(path: string): Gathering | null {
  switch (path) {
    case '/v1/chat/completions':
    case '/v1/completions':
      return new Gathering(gatherChoices())
    case '/v1/responses':
      return new Gathering(gatherResponse())
    case '/v1/messages':
      return new Gathering(gatherMessage())
    default:
      return null
  }
}
