/** A header that means something here; tests/unit/docs/reference.test.ts holds the names of ours to the code. */
export interface HeaderNote {
  readonly in: 'request' | 'answer' | 'both'
  readonly meaning: string
}

export const HEADERS: Readonly<Record<string, HeaderNote>> = Object.freeze({
  'x-request-id': {
    in: 'both',
    meaning: "The request's id: the client's own, else one of the daemon's. The engine gets it; `explain` takes it.",
  },
  traceparent: { in: 'request', meaning: 'Passed on to the engine.' },
  'anthropic-version': { in: 'request', meaning: 'On `/v1/messages`: passed on to the engine.' },
  'anthropic-beta': { in: 'request', meaning: 'On `/v1/messages`: passed on to the engine.' },
  'x-stainless-read-timeout': {
    in: 'request',
    meaning:
      'Seconds of silence that the client bears, as OpenAI’s and Anthropic’s libraries say. Three quarters into it an answer that is no stream and waits for its model begins with line breaks; what fails from then on breaks off. `x-stainless-timeout` is read as well.',
  },
  'x-enginehouse-on-cold': {
    in: 'request',
    meaning: '`wait` (the default) waits for a load; `fail` gets `model_loading` at once, while the load goes on.',
  },
  'x-enginehouse-model': {
    in: 'answer',
    meaning:
      'The model that answered, by its name in the manifest. This and the next four are not on an answer that was begun while it waited, such as a stream after 3 s.',
  },
  'x-enginehouse-instance': { in: 'answer', meaning: 'The launch of its engine, as `events` and `explain` name it.' },
  'x-enginehouse-queue-ms': { in: 'answer', meaning: 'Milliseconds that the request waited for its turn.' },
  'x-enginehouse-cold-start-ms': { in: 'answer', meaning: 'Milliseconds of the load that it waited for.' },
  'x-enginehouse-fallback-from': {
    in: 'answer',
    meaning: 'The model that was asked for, where its fallback answered.',
  },
  'retry-after': { in: 'answer', meaning: 'With an error: the same request may succeed after so many seconds.' },
  'x-should-retry': {
    in: 'answer',
    meaning: '`false` with an error: the same request does not succeed by itself. The official clients obey it.',
  },
})
