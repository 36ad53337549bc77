import type { FailureClass, ProcessExit } from '../../src/core/index.ts'
import { classifyExit as classifyGenerally } from '../../src/engine/classify.ts'
import type { ExitClass } from '../../src/engine/contract.ts'

type Say = (found: RegExpExecArray) => string

/**
 * What vLLM says when it does not start, and the sentence for a person: what is wrong in the manifest's own words. The
 * first rule that a line matches decides; causes stand before consequences. `as_said`: the words have their class among
 * those of every engine.
 */
const RULES: readonly (readonly [FailureClass | 'as_said', RegExp, Say])[] = [
  [
    'as_said',
    /max seq len \((\d+)\), \(([\d.]+) GiB KV cache is needed, which is larger than the available KV cache memory \(([\d.]+) GiB\)\.(?: Based on the available memory, the estimated maximum model length is (\d+))?/,
    ([, context, needed, available, fitting]) =>
      `one request of ${context} tokens needs ${needed} GiB of key-value cache, and its memory leaves ${available} GiB: ` +
      (fitting === undefined ? 'give it more `memory`' : `set \`context: ${fitting}\` or less, or more \`memory\``),
  ],
  [
    'bad_config',
    /max_model_len \((\d+)\) is greater than the derived max_model_len \([^=]*=(\d+)/,
    ([, context, trained]) =>
      `\`context\` asks for ${context} tokens, and the model was made for ${trained}: set \`context: ${trained}\` or less`,
  ],
  [
    'as_said',
    /No available memory for the cache blocks/,
    () => 'the weights and one step fill its memory, and nothing is left for a key-value cache: give it more `memory`',
  ],
  [
    'as_said',
    /Free memory on device \S* ?\(([\d.]+)\/([\d.]+) GiB\) on startup is less than desired GPU memory utilization \([\d.]+, ([\d.]+) GiB\)/,
    ([, free, total, wanted]) =>
      `it was to take ${wanted} GiB of a GPU, and only ${free} of ${total} GiB were free: something else holds the rest`,
  ],
  [
    'host_oom',
    /Available memory on node \d+ \(([\d.]+)\/([\d.]+) GiB\) on kv cache allocation is less than requested memory for kv \(([\d.]+)/,
    ([, free, total, wanted]) =>
      `its key-value cache was to take ${wanted} GiB of the host, and only ${free} of ${total} GiB were free`,
  ],
  [
    'bad_config',
    /attention heads \((\d+)\) must be divisible by tensor parallel size \((\d+)\)/,
    ([, heads, gpus]) =>
      `the model has ${heads} attention heads, which ${gpus} GPUs cannot share: ask for another count of \`gpus\``,
  ],
  [
    'unsupported',
    /Model architectures (\[.*?\]) are not supported/,
    ([, architectures]) => `this vLLM does not know models of the architecture ${architectures}`,
  ],
  [
    'unsupported',
    /trust_remote_code=True|requires you to execute the configuration file/,
    () => 'the weights bring code of their own, which is not run',
  ],
  [
    'unsupported',
    /Failed to infer device type/,
    () => 'this vLLM found no device that it was built for: with `gpus: none` it has to be a build for CPUs',
  ],
  ['as_said', /Error in memory profiling/, () => 'another process freed GPU memory while vLLM measured it'],
  [
    'model_missing',
    /Invalid repository ID or local directory specified: '?([^'\n]*)'?/,
    ([, path]) => `there is no model that it can read at ${path}`,
  ],
]

/** Said at an exit that nobody asked for, after which vLLM ends with code 0. */
const DIED = /EngineDeadError|EngineCore encountered|died unexpectedly|Failed core proc/

/** Every exit that we did not ask for is a crash: vLLM's own code is 0 also when its core is dead. */
export function classifyExit(exit: ProcessExit, output: readonly string[]): ExitClass {
  const tail = output.map(plain)
  for (const [failure, pattern, say] of RULES) {
    for (const line of tail) {
      const found = pattern.exec(line)
      if (found === null) continue
      const known = failure === 'as_said' ? classifyGenerally(exit, [line]).class : failure
      return { class: known, message: say(found) }
    }
  }
  const general = classifyGenerally(exit, tail)
  if (exit.code !== 0 || general.class !== 'exited') return general
  const died = tail.findLast((line) => DIED.test(line))
  return {
    class: 'engine_dead',
    message: died ?? 'it ended by itself with exit code 0, as it does when its core has died',
  }
}

/** Without the process, the level, the time and the place in the source that a line begins with. */
function plain(line: string): string {
  return line.replace(/^\(\S+ pid=\d+\) /, '').replace(/^[A-Z]+ \d\d-\d\d [\d:]+ \[\S+\] /, '')
}
