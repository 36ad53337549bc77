import { stripVTControlCharacters } from 'node:util'
import type { FailureClass, ProcessExit } from '../../src/core/index.ts'
import { classifyExit as classifyGenerally } from '../../src/engine/classify.ts'
import type { ExitClass } from '../../src/engine/contract.ts'

type Say = (found: RegExpExecArray) => string

/** What TGI, its parts and docker say when nothing starts. Every failure of the launcher has the exit code 1. */
const RULES: readonly (readonly [FailureClass, RegExp, Say])[] = [
  [
    'gpu_oom',
    /Not enough memory to handle (\d+) (?:prefill|total) tokens/,
    ([, tokens]) =>
      `its memory does not hold ${tokens} tokens beside the weights: give it more \`memory\`, or a shorter \`context\``,
  ],
  [
    'host_oom',
    /process was signaled to shutdown with signal 9/,
    () => 'a shard was killed, and not by this daemon: most likely the host ran out of memory',
  ],
  [
    'bad_config',
    /(?:Unable to find image '|No such image: )([^'\s]+)/,
    ([, image]) => `this host does not have the image ${image}: fetch it with \`docker pull ${image}\``,
  ],
  [
    'driver',
    /could not select device driver|nvidia-container-cli: /,
    () => 'docker cannot give GPUs to containers here: install the NVIDIA container toolkit',
  ],
  [
    'spawn_failed',
    /Cannot connect to the Docker daemon|permission denied while trying to connect to the docker/i,
    () => 'docker does not answer this user: its daemon must run, and this user be allowed to use it',
  ],
  ['bad_config', /\b(ArgumentValidation\(.*)/, ([, words]) => `its launcher refused its arguments: ${words}`],
]

/** The launcher's last word; what a shard said before it tells more. */
const LAUNCHER = /^Error: (ShardCannotStart|ShardFailed|WebserverFailed|DownloadError)/

export function classifyExit(exit: ProcessExit, tail: readonly string[]): ExitClass {
  const lines = tail.map((line) => stripVTControlCharacters(line).trim())
  for (const [failure, pattern, say] of RULES) {
    for (const line of lines) {
      const found = pattern.exec(line)
      if (found !== null) return { class: failure, message: say(found) }
    }
  }
  const telling = lines.filter((line) => !LAUNCHER.test(line))
  return classifyGenerally(exit, telling.length > 0 ? telling : lines)
}
