import type { ProgramProbe } from '../../src/engine/contract.ts'

/** In its help a line that begins with a dash has the flags, wide blanks, and what they are for. */
export const PROBE: ProgramProbe = Object.freeze({
  help: ['--help'],
  readFlags,
  sets: [
    ['-m', '-a', '--host', '--port', '-c', '-np', '--kv-unified', '--fit', '--cache-ram'],
    ['--batch-size', '--ubatch-size', '--flash-attn', '--ctx-checkpoints'],
    ['-ngl', '--cpu-moe', '--n-cpu-moe', '--tensor-split', '--device', '-devd', '--no-mmproj-offload'],
    ['--offline', '--no-ui', '--metrics', '--log-verbosity'],
  ].flat(),
  spelling: 'whole',
})

function readFlags(text: string): ReadonlySet<string> {
  const lines = text.split('\n').filter((line) => line.startsWith('-'))
  const flags = lines.flatMap((line) => line.split(/ {2,}[^-\s]/)[0]?.match(/(?<=^|[ ,])--?[A-Za-z][\w.-]*/g) ?? [])
  return new Set(flags)
}
