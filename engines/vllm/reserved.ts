/** Reason -> the flags that it keeps from `args`. */
const RESERVED: readonly (readonly [why: string, flags: readonly string[]])[] = [
  [
    'it chooses where the engine listens',
    ['--host', '--port', '--uds', '--root-path', '--ssl-keyfile', '--ssl-certfile', '--ssl-ca-certs', '--grpc'],
  ],
  ['it chooses where the engine listens', ['--grpc-port', '--headless', '--data-parallel-supervisor-port']],
  ['`source` names the weights', ['--model', '--revision', '--code-revision', '--hf-token', '--download-dir']],
  ['the weights are safetensors; other formats may run code when they are loaded', ['--load-format']],
  ['it runs code that stands beside the weights', ['--trust-remote-code']],
  ['the engine serves the model under its name in the manifest', ['--served-model-name']],
  ['each launch has a key of its own', ['--api-key']],
  ['`context` decides it', ['--max-model-len']],
  ['`concurrency` decides it', ['--max-num-seqs']],
  [
    'the claim of the model decides it',
    ['--gpu-memory-utilization', '--device-memory-utilization', '--kv-cache-memory-bytes', '--num-gpu-blocks-override'],
  ],
  [
    '`gpus` decides it',
    [
      '--tensor-parallel-size',
      '-tp',
      '--pipeline-parallel-size',
      '-pp',
      '--device-ids',
      '--data-parallel-size',
      '-dp',
      '--data-parallel-size-local',
      '-dpl',
      '--data-parallel-rank',
      '-dpn',
      '--data-parallel-address',
      '-dpa',
    ],
  ],
  ['the engine runs on this host alone', ['--nnodes', '-n', '--node-rank', '-r', '--master-addr', '--master-port']],
  ['it would set flags out of sight', ['--config']],
  ['the memory is given back by `ttl`', ['--enable-sleep-mode']],
  ['an engine is stopped by signals alone', ['--shutdown-timeout']],
  ['it lets a request read files of this host', ['--allowed-local-media-path']],
  ['it opens other programs to whoever may send a request', ['--tool-server']],
  [
    'clients talk to the daemon, never to the engine',
    ['--allowed-origins', '--allowed-methods', '--allowed-headers', '--allow-credentials'],
  ],
  ['it reads the output of the engine', ['--uvicorn-log-level', '--log-config-file', '--logging-config']],
  ['the engine would print something and end', ['-h', '--help']],
]

/** Those that are kept for themselves. */
export const NAMED_FLAGS: readonly string[] = RESERVED.flatMap(([, flags]) => flags)

/** Shorter ones are ambiguous, and refused by the engine. */
const SHORTEST_PREFIX = 3

/**
 * The sentence that shows a reason begins "... is set by the daemon:". The engine takes a flag by any beginning that only
 * one flag has (`--gpu-mem`), so those are kept as well.
 */
export const RESERVED_FLAGS: ReadonlyMap<string, string> = new Map(
  RESERVED.flatMap(([why, flags]) => flags.flatMap((flag) => spellings(flag).map((each) => [each, why] as const))),
)

function spellings(flag: string): string[] {
  if (!flag.startsWith('--')) return [flag]
  const name = flag.slice(2)
  const prefixes = Array.from({ length: Math.max(name.length - SHORTEST_PREFIX, 0) }, (_, index) =>
    name.slice(0, SHORTEST_PREFIX + index),
  )
  return [...prefixes, name, `no-${name}`].map((each) => `--${each}`)
}
