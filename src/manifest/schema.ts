import { z } from 'zod'
import { parseHost, parseOrigin } from './hosts.ts'
import { about, listOf, notation, section, wholeNumber } from './leaves.ts'
import { BODY_MAX, HOSTS_MAX, QUEUE_MAX, RESOURCE_COUNT_MAX } from './limits.ts'
import { parseListen } from './listen.ts'
import { duration, durationOr, hostShare, positiveSize, size } from './notations.ts'

/**
 * The values of every key outside of models, one shape per section; those of models are in model-schema.ts. Each key is
 * checked by itself, so that one mistake hides no other. The descriptions say effect and default; editors and
 * the reference page show what is expected beside them.
 */

export const topShape = {
  version: z.literal(1, { error: '1' }).meta(about('Version of the manifest’s language.')),
  server: section.meta(about('The endpoint that clients see, and its limits.')),
  engines: section.meta(about('Where an engine’s program is, when it is neither on PATH nor installed by us.')),
  memory: section.meta(about('What engines may take of this host.')),
  defaults: section.meta(about('Any key of a model, for every model that does not write the key itself.')),
  models: section.meta(about('What clients may ask for, by name.')),
}

export const timeoutsShape = {
  first_byte: durationOr('never', 1).meta(
    about('The longest wait for the first byte of an answer. Default 10m.', '10m', ['never']),
  ),
  between_bytes: durationOr('never', 1).meta(about('The longest pause within an answer. Default 2m.', '2m', ['never'])),
  total: durationOr('never', 1).meta(
    about('The longest that an answer may take in all. Default never.', 'never', ['30m']),
  ),
}

const LISTEN_LIKE = /^(unix:\/.+|\[[0-9A-Fa-f:.]+\]:\d{1,5}|[A-Za-z0-9.-]+:\d{1,5})$/
const HOST_LIKE = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/
const ORIGIN_LIKE = /^(local|[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]+)$/
const HOST = 'auto or a host such as models.lan or models.lan:8080; patterns do not work'
const ORIGIN = 'local or an origin such as https://chat.example; patterns do not work'

export const serverShape = {
  listen: notation('HOST:PORT, "[V6]:PORT" or unix:/PATH', parseListen, LISTEN_LIKE).meta(
    about('Where the endpoint is, on loopback; port 0 takes a free one. Default 127.0.0.1:8080.', '127.0.0.1:8080', [
      '[::1]:8080',
      'unix:/run/enginehouse/http.sock',
    ]),
  ),
  auth: z
    .enum(['auto', 'none'], { error: 'auto or none' })
    .meta(
      about(
        'Who is let in. auto: whoever is on this host, so the address must be loopback or a socket. none: whoever can reach the address, operators’ routes included. Default auto.',
        'auto',
        ['none'],
      ),
    ),
  hosts: listOf(notation(HOST, parseHost, HOST_LIKE), 'a list of hosts, such as [auto, models.lan]', HOSTS_MAX).meta(
    about(
      'The Host headers that are accepted; auto stands for the listen address, this host’s name and localhost. Default [auto].',
      ['auto'],
      [['auto', 'models.lan']],
    ),
  ),
  cors: z
    .array(notation(ORIGIN, parseOrigin, ORIGIN_LIKE), {
      error: 'a list of origins, such as [local, https://chat.example]',
    })
    .max(HOSTS_MAX, { error: `a list of at most ${HOSTS_MAX} origins` })
    .meta(
      about(
        'The origins that browsers may ask from on inference routes; local stands for pages of this host. Default [local].',
        ['local'],
        [['local', 'https://chat.example'], []],
      ),
    ),
  max_body: positiveSize(`a size from 1B to ${BODY_MAX / 2 ** 30}GiB`, BODY_MAX).meta(
    about('The largest request body that is read. Default 32MiB.', '32MiB'),
  ),
  max_queue: wholeNumber(0, QUEUE_MAX).meta(
    about('Requests that may wait, over all models; one more is refused. Default 512.', 512),
  ),
  queue_timeout: duration(1).meta(
    about('How long a request waits for a load to start; from then on the limits of load rule. Default 10m.', '10m'),
  ),
  timeouts: section.meta(about('Limits of engines’ answers; a model’s own timeouts win, key by key.')),
}

export const engineShape = {
  path: z
    .string({ error: 'auto or a path' })
    .refine((path) => path !== '' && !path.startsWith('~'), { error: 'auto or a path (~ is not expanded)' })
    .meta(
      about(
        'The engine’s program; auto looks on PATH, then among the engines that we installed. Default auto.',
        'auto',
      ),
    ),
}

const IMAGE = 'the name of a container image, or null'

export const containedEngineShape = {
  ...engineShape,
  image: z
    .string({ error: IMAGE })
    .regex(/^[A-Za-z0-9][\w./:@-]*$/, { error: IMAGE })
    .nullable()
    .meta(
      about('A container image that docker runs in place of a program; null runs a program.', undefined, [
        'ghcr.io/huggingface/text-generation-inference:3.3.7',
      ]),
    ),
}

export const memoryShape = {
  reserve: size.meta(about('Left free on every GPU. Default 1GiB.', '1GiB')),
  host: hostShare.meta(about('What all engines together may claim of the host’s RAM. Default 80%.', '80%', ['48GiB'])),
  resources: z
    .record(z.string(), wholeNumber(1, RESOURCE_COUNT_MAX), { error: 'a mapping of names to whole numbers' })
    .meta(
      about(
        'What there is of resources that you name yourself, for models to claim like bytes. Default none.',
        undefined,
        [{ licences: 2 }],
      ),
    ),
}
