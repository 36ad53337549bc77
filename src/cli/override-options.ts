import type { Command } from 'commander'

import type { OverrideFlags } from '../manifest/index.ts'
import { LOG_LEVELS } from './world.ts'

/** What goes before the environment and the manifest, as it is written. */
export interface OverrideOptions extends OverrideFlags {
  readonly logLevel?: string
}

/** For `serve`, and for what shows how it would run. The texts are read where those of the environment are. */
export function withOverrides(command: Command): Command {
  return command
    .option('--listen <address>', 'HOST:PORT, [V6]:PORT or unix:/PATH, instead of `server.listen`')
    .option('--default-ttl <duration>', 'for models that write no ttl of their own; never keeps them')
    .option('--log-level <level>', LOG_LEVELS.join(', '))
}
