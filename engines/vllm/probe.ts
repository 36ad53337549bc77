import type { ProgramProbe } from '../../src/engine/contract.ts'

/** Plain `--help` shows groups of flags by name only. */
export const PROBE: ProgramProbe = Object.freeze({
  help: ['serve', '--help=all'],
  readFlags,
  sets: [
    ['--served-model-name', '--uds', '--host', '--port', '--max-model-len', '--max-num-seqs', '--load-format'],
    ['--kv-cache-memory-bytes', '--tensor-parallel-size', '--pipeline-parallel-size', '--gpu-memory-utilization'],
    ['--disable-uvicorn-access-log'],
  ].flat(),
  spelling: 'beginning',
})

/** `-O3` is made into this flag before the parser sees it, and stands in no list. */
const LEVEL = '--optimization-level'

/** Flags are indented by two blanks, with what they take behind each spelling; what they are for by more. */
function readFlags(text: string): ReadonlySet<string> {
  const lines = text.split('\n').filter((line) => /^ {2}-/.test(line))
  const flags = new Set(lines.flatMap((line) => line.match(/(?<=^ {2}|, )--?[A-Za-z][\w.-]*/g) ?? []))
  return flags.has(LEVEL) ? flags.add('-O') : flags
}
