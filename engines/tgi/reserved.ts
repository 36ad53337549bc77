/** Reason -> the flags that it keeps from `args`. */
const RESERVED: readonly (readonly [why: string, flags: readonly string[]])[] = [
  ['it chooses where the engine listens', ['--hostname', '-p', '--port', '--prometheus-port']],
  ['each launch has sockets and ports of its own', ['--shard-uds-path', '--master-addr', '--master-port']],
  [
    '`source` names the weights',
    ['--model-id', '--revision', '--huggingface-hub-cache', '--weights-cache-override', '--tokenizer-config-path'],
  ],
  ['it runs code that stands beside the weights', ['--trust-remote-code']],
  ['a key would stand in the arguments and in the log of the engine', ['--api-key']],
  ['`gpus` decides it', ['--sharded', '--num-shard']],
  ['the claim of the model decides it', ['--cuda-memory-fraction']],
  ['`context` decides it', ['--max-total-tokens', '--max-input-tokens', '--max-input-length']],
  ['`concurrency` decides it', ['--max-concurrent-requests']],
  ['the daemon bounds the bodies of requests', ['--payload-limit']],
  ['clients talk to the daemon, never to the engine', ['--cors-allow-origin']],
  ['it would open the engine to other hosts', ['--ngrok', '--ngrok-authtoken', '--ngrok-edge']],
  ['it decides how long an engine may take to end', ['-g', '--graceful-termination-timeout']],
  ['it reads the output of the engine', ['--json-output']],
  ['the engine would print something', ['-e', '--env', '-h', '--help', '-V', '--version']],
]

/** The sentence that shows a reason begins "... is set by the daemon:", so `it` in a reason is the daemon or the flag. */
export const RESERVED_FLAGS: ReadonlyMap<string, string> = new Map(
  RESERVED.flatMap(([why, flags]) => flags.map((flag) => [flag, why] as const)),
)
