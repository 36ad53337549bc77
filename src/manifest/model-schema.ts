import { z } from 'zod'
import { CAPABILITIES } from '../core/index.ts'
import type { StopSignal } from '../core/index.ts'
import { gpus, memory, offloadExperts, offloadLayers } from './devices.ts'
import { engineKeys, type EngineKeys } from './engine-keys.ts'
import { about, listOf, section, text, wholeNumber } from './leaves.ts'
import { ATTEMPTS_MAX, RESOURCE_COUNT_MAX, STOP_GRACE_MAX, STOP_GRACE_MIN, VARIANTS_MAX } from './limits.ts'
import { duration, durationOr, tokens } from './notations.ts'
import { argv, source } from './sources.ts'

/** The values of every key of a model, as in schema.ts; what depends on several keys is in model.ts. */

const flagValue = z.union([z.boolean(), z.null(), z.string(), z.number(), z.array(text('text'))], {
  error: 'true, false, text, a number, or a list of these',
})

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const satisfies readonly StopSignal[]

/** As long as nobody says which engines there are; see modelSections. */
const { engine, parallel, concurrency } = engineKeys([])

export const modelShape = {
  engine,
  source: source.meta(
    about('Where the weights come from; mirrors in a list are tried in order.', undefined, [
      'file:models/my-model.gguf',
    ]),
  ),
  gpus: gpus.meta(
    about(
      'The GPUs that the model gets: any is one of them, none the host alone. Default any where there is a GPU, else none.',
      undefined,
      [[0], { count: 2 }],
    ),
  ),
  context: tokens.meta(
    about(
      'What one request may take, question and answer together; k is 1024. Default the model’s own, at most 8k.',
      undefined,
      ['8k', '32k'],
    ),
  ),
  parallel,
  concurrency,
  memory: memory.meta(
    about(
      'What the model claims of each of its GPUs, or of the host with gpus: none; all takes its GPUs whole. Default estimated from its weights.',
      undefined,
      ['24GiB', { device: '20GiB', host: '8GiB' }, 'all'],
    ),
  ),
  offload: section.meta(
    about('For llama-server with GPUs: what goes to them; the rest stays on the host, and is claimed there.'),
  ),
  ttl: durationOr('never', 0).meta(
    about('How long after the last byte of its last answer the model is taken down. Default 5m.', '5m', [
      '1h',
      'never',
    ]),
  ),
  keep: z
    .enum(['auto', 'always', 'preload'], { error: 'auto, always or preload' })
    .meta(
      about(
        'auto is loaded when it is wanted; always is started at boot, never evicted, and has no ttl; preload is started at boot and then like auto. Default auto.',
        'auto',
      ),
    ),
  min_residency: durationOr('auto', 0).meta(
    about(
      'For how long after it became ready the model is not evicted; auto is as long as it takes to load. Default auto.',
      'auto',
      ['1m'],
    ),
  ),
  priority: z
    .enum(['low', 'normal', 'high'], { error: 'low, normal or high' })
    .meta(about('Who is loaded first, and who is evicted last. Default normal.', 'normal')),
  aliases: z
    .array(text('a name'), { error: 'a list of names' })
    .meta(
      about(
        'Further names of the model; a request that names none goes to the model with the alias default. Default none.',
        undefined,
        [['default']],
      ),
    ),
  unlisted: z
    .boolean({ error: 'true or false' })
    .meta(
      about('True leaves the model out of the lists that clients see; its names still work. Default false.', false),
    ),
  args: z
    .record(z.string(), flagValue, { error: 'a mapping of flags, such as { jinja: true }' })
    .meta(
      about(
        'The engine’s own flags: true gives the bare flag, false or null none, a list repeats it, all else is passed as written. They are merged over those of defaults, flag by flag.',
        undefined,
        [{ jinja: true }],
      ),
    ),
  env: z
    .record(z.string(), text('text; write "" for an empty value'), { error: 'a mapping of names to values' })
    .meta(about('Variables for the engine, passed as written. They are merged over those of defaults, name by name.')),
  resources: z
    .record(z.string(), wholeNumber(0, RESOURCE_COUNT_MAX), { error: 'a mapping of names to whole numbers' })
    .meta(
      about(
        'How many the model takes of each name under memory.resources while it is loaded. Default none.',
        undefined,
        [{ licences: 1 }],
      ),
    ),
  load: section.meta(about('When a load is given up.')),
  start: section.meta(about('How often a start may fail before the model rests.')),
  timeouts: section.meta(about('Limits of the engine’s answers, over those of server.timeouts.')),
  variants: z
    .array(section, { error: 'a list of mappings, such as [{ context: 4k }, { gpus: none }]' })
    .max(VARIANTS_MAX, { error: `a list of at most ${VARIANTS_MAX} mappings` })
    .meta(
      about(
        'Other ways to run the model, tried in order when memory is short. Each says what differs, of engine, source, gpus, context, parallel, memory, offload and args; offload and flags are merged one by one unless the engine differs. Default none.',
        undefined,
        [[{ context: '4k' }]],
      ),
    ),
  fallback: z
    .union([text('a name'), z.null()], { error: 'the name of another model' })
    .meta(
      about(
        'Another model, by its name or alias, that answers when this one cannot be loaded; the answer says so. Default none.',
      ),
    ),
  command: argv('an argv list, such as [python3, server.py, --port, "{port}"]').meta(
    about(
      'For the engine command: program and arguments, read by no shell. {port} {socket} {model_path} {gpu_uuids} {gpu_indices} {api_key} {instance_dir} are filled in.',
      undefined,
      [['python3', 'server.py', '--port', '{port}']],
    ),
  ),
  cwd: z
    .string({ error: 'a path' })
    .refine((path) => path !== '' && !path.startsWith('~'), { error: 'a path (~ is not expanded)' })
    .meta(
      about(
        'For the engine command: the directory that it runs in, from where the manifest is. Default the manifest’s own.',
        '.',
        ['server'],
      ),
    ),
  health: section.meta(about('For the engine command: the route that says that the server is healthy.')),
  capabilities: listOf(
    z.enum(CAPABILITIES, { error: CAPABILITIES.join(', ') }),
    `a list of ${CAPABILITIES.join(', ')}`,
    CAPABILITIES.length,
  ).meta(
    about(
      `For the engine command: the routes that it answers; a request to another gets a 404 that says so. Default [${CAPABILITIES.join(', ')}].`,
      CAPABILITIES,
      [['chat', 'completions']],
    ),
  ),
  served_name: text('text')
    .refine((name) => /^[^\s\p{Cc}]{1,256}$/u.test(name), { error: 'a name without spaces, at most 256 characters' })
    .meta(about('For the engine command: what the server calls the model. Default the model’s name here.')),
  stop: section.meta(about('For the engine command: how it is asked to end.')),
}

/** The engine of a variant. */
export function otherEngine(key: EngineKeys['engine']): EngineKeys['engine'] {
  return key.meta(about('The kind of inference server, where it is not the model’s.'))
}

/** What a variant may change. */
export const variantShape = {
  engine: otherEngine(engine),
  source: modelShape.source,
  gpus: modelShape.gpus,
  context: modelShape.context,
  parallel: modelShape.parallel,
  memory: modelShape.memory,
  offload: modelShape.offload.meta(about('What goes to the GPUs, key by key over that of the model.')),
  args: modelShape.args.meta(
    about(
      'Flags over those of the model, flag by flag; false or null removes one. With another engine than the model’s, its flags are left out.',
      undefined,
      [{ jinja: true }],
    ),
  ),
}

export const offloadShape = {
  layers: offloadLayers.meta(
    about(
      'How many layers go to the GPUs: the last of the model, and first of all its output, which counts as one. Default all.',
      'all',
      [40],
    ),
  ),
  experts: offloadExperts.meta(
    about(
      'Where the experts of these layers go: cpu keeps them on the host; a number those of the first so many layers of the model. Default gpu.',
      'gpu',
      ['cpu', 12],
    ),
  ),
}

export const healthShape = {
  path: z
    .string({ error: 'a path such as /health' })
    .regex(/^\/[!-~]*$/, { error: 'a path such as /health' })
    .meta(about('Asked again and again until it answers. Default /health.', '/health')),
  status: wholeNumber(200, 599).meta(about('The status of the answer that says healthy. Default 200.', 200)),
}

export const stopShape = {
  signal: z
    .enum(STOP_SIGNALS, { error: 'SIGTERM, SIGINT, SIGQUIT or SIGHUP' })
    .meta(about('The signal that its first process gets. Default SIGTERM.', 'SIGTERM', ['SIGINT'])),
  grace: duration(STOP_GRACE_MIN, STOP_GRACE_MAX).meta(
    about('How long after the signal it is killed. Default 10s.', '10s', ['30s']),
  ),
  command: argv('an argv list, such as [python3, stop.py, --port, "{port}"], or null')
    .nullable()
    .meta(
      about(
        'Program and arguments that are run before the signal, for as long as grace at most, also when the engine ended by itself; read by no shell, with the macros of command. Default none.',
        undefined,
        [['python3', 'stop.py', '--port', '{port}']],
      ),
    ),
}

export const loadShape = {
  stall: duration(1).meta(
    about(
      'A start in which nothing moves for so long (no log line, no bytes, no growth of memory) is given up. Default 120s.',
      '120s',
    ),
  ),
  timeout: durationOr('auto', 1).meta(
    about('The longest that a load may take; auto grows with the weights. Default auto.', 'auto', ['10m']),
  ),
}

export const startShape = {
  attempts: wholeNumber(1, ATTEMPTS_MAX).meta(
    about('Failed starts and crashes within window, before the model is given up. Default 5.', 5),
  ),
  window: duration(1).meta(about('For how long a failed start counts. Default 10m.', '10m')),
}
