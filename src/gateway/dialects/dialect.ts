import type { ModelName } from '../../core/index.ts'
import type { Asked } from '../asked.ts'

/**
 * Another way to ask for what an engine has under a route of its own. Pure: a body in, a body out; an answer in, an
 * answer out. Leases, cancelling, limits and errors are the same for all.
 */
export interface Dialect {
  /** Throws parameter_invalid. */
  translate(asked: Asked): Translated
}

export interface Translated {
  /** The engine's route. */
  readonly path: string
  /** Its body, without a model: that is put in when it is known who answers. */
  readonly asked: Asked
  /** Made once per attempt, as it keeps what has come so far. */
  answer(model: ModelName): AnswerTranslation
}

/** How the engine's good answers become the dialect's. Errors pass as they are. */
export interface AnswerTranslation {
  /** An answer that is no stream. Throws UnreadableAnswer. */
  whole(body: Buffer): string
  /** What the client gets for the next piece of an event stream; empty where nothing is complete. Throws UnreadableAnswer. */
  piece(bytes: Buffer): string
  /** What follows the last piece; null when the stream stopped short of its end. */
  end(): string | null
}

/** The engine's answer is not what its route gives. */
export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer'
}
