import { LOG_LEVELS } from '../../src/cli/world.ts'

/** Variables that the program itself reads. A test holds that the code has these, and no other of this prefix. */
export const ENVIRONMENT: Readonly<Record<string, string>> = Object.freeze({
  ENGINEHOUSE_STATE_DIR:
    'The state directory. Else the first that systemd gives, `$XDG_STATE_HOME/enginehouse`, or `~/.local/state/enginehouse`.',
  ENGINEHOUSE_LISTEN: 'Where clients are answered; goes before `server.listen`.',
  ENGINEHOUSE_DEFAULT_TTL:
    'The `ttl` of models that write none of their own, a duration or `never`; goes before `defaults.ttl`.',
  ENGINEHOUSE_LOG_LEVEL: `How much the daemon's own log says: ${LOG_LEVELS.join(', ')}. Default info.`,
  ENGINEHOUSE_HOST: 'Refused by this version: commands reach the daemon of this host, by its state directory.',
})
