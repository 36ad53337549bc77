import { ChoiceGathering } from './gathering.ts'
import type { Gathering } from './gathering.ts'
import { MessageGathering } from './gathering-messages.ts'
import { ResponseGathering } from './gathering-responses.ts'

/** By the engine's route; null: it has no stream that says the same. */
export function gatheringFor(path: string): Gathering | null {
  switch (path) {
    case '/v1/chat/completions':
    case '/v1/completions':
      return new ChoiceGathering()
    case '/v1/responses':
      return new ResponseGathering()
    case '/v1/messages':
      return new MessageGathering()
    default:
      return null
  }
}
