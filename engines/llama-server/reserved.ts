import type { FlagLimit } from '../../src/core/index.ts'

/** Reason -> the flags that it keeps from `args`, in every spelling that the engine knows. */
const RESERVED: readonly (readonly [why: string, flags: readonly string[]])[] = [
  [
    'it chooses where the engine listens',
    ['--host', '--port', '--reuse-port', '--api-prefix', '--ssl-key-file', '--ssl-cert-file'],
  ],
  [
    '`source` names the weights',
    [
      '-m',
      '--model',
      '-mu',
      '--model-url',
      '-dr',
      '--docker-repo',
      '-hf',
      '-hfr',
      '--hf-repo',
      '-hff',
      '--hf-file',
      '-hft',
      '--hf-token',
      '--offline',
      '--embd-gemma-default',
      '--fim-qwen-1.5b-default',
      '--fim-qwen-3b-default',
      '--fim-qwen-7b-default',
      '--fim-qwen-7b-spec',
      '--fim-qwen-14b-spec',
      '--fim-qwen-30b-default',
      '--gpt-oss-20b-default',
      '--gpt-oss-120b-default',
      '--vision-gemma-4b-default',
      '--vision-gemma-12b-default',
    ],
  ],
  [
    'memory is claimed for files that are there; `mmproj` and `model-draft` name them',
    ['-mmu', '--mmproj-url', '-hfd', '-hfrd', '--hf-repo-draft', '--spec-draft-hf'],
  ],
  [
    'one engine serves one model here',
    ['--models-dir', '--models-preset', '--models-max', '--models-autoload', '--no-models-autoload'],
  ],
  ['the engine serves the model under its name in the manifest', ['-a', '--alias']],
  ['each launch has a key of its own', ['--api-key', '--api-key-file']],
  ['`context` and `parallel` decide it', ['-c', '--ctx-size', '-np', '--parallel']],
  [
    'memory is claimed for one pool of `context` x `parallel` tokens',
    [
      '-kvu',
      '--kv-unified',
      '-no-kvu',
      '--no-kv-unified',
      '-fit',
      '--fit',
      '-fitt',
      '--fit-target',
      '-fitc',
      '--fit-ctx',
    ],
  ],
  [
    '`gpus` decides it',
    ['-dev', '--device', '--list-devices', '-devd', '--device-draft', '--spec-draft-device', '--mmproj-offload'],
  ],
  ['`offload` decides it', ['-ngl', '--gpu-layers', '--n-gpu-layers', '-cmoe', '--cpu-moe', '-ncmoe', '--n-cpu-moe']],
  [
    'it moves tensors that memory was claimed for elsewhere; `offload` says what stays on the host',
    ['-ot', '--override-tensor', '-otd', '--override-tensor-draft', '--spec-draft-override-tensor'],
  ],
  ['it would hand the model to other machines', ['--rpc']],
  ['the memory is given back by `ttl`', ['--sleep-idle-seconds']],
  ['it reads them', ['--metrics']],
  ['it reads the output of the engine', ['--log-disable', '--log-file']],
  [
    'clients talk to the daemon, never to the engine',
    [
      '--cors-origins',
      '--cors-methods',
      '--cors-headers',
      '--cors-credentials',
      '--no-cors-credentials',
      '--ui',
      '--no-ui',
      '--ui-config',
      '--ui-config-file',
      '--ui-mcp-proxy',
      '--no-ui-mcp-proxy',
      '--webui',
      '--no-webui',
      '--webui-config',
      '--webui-config-file',
      '--webui-mcp-proxy',
      '--no-webui-mcp-proxy',
    ],
  ],
  ['it opens a shell and the files of this host to whoever may send a request', ['--tools', '-ag', '--agent']],
  ['it is off already', ['-no-ag', '--no-agent']],
  ['it lets a request read files of this host', ['--path', '--media-path']],
  ['it lets a request write files on this host', ['--slot-save-path']],
  ['it lets a request change the engine', ['--props']],
  [
    'the engine would print something and end',
    ['-h', '--help', '--usage', '--version', '-cl', '--cache-list', '--completion-bash'],
  ],
]

/** The sentence that shows a reason begins "... is set by the daemon:", so `it` in a reason is the daemon or the flag. */
export const RESERVED_FLAGS: ReadonlyMap<string, string> = new Map(
  RESERVED.flatMap(([why, flags]) => flags.map((flag) => [flag, why] as const)),
)

/** No limit, which it calls -1, is more than any claim. */
const PROMPT_CACHE: FlagLimit = {
  matches: /^\d{1,9}$/,
  expected: 'a whole number of MiB, for which host memory is claimed (0 for no cache)',
}

export const LIMITED_FLAGS: ReadonlyMap<string, FlagLimit> = new Map([
  ['-cram', PROMPT_CACHE],
  ['--cache-ram', PROMPT_CACHE],
])
