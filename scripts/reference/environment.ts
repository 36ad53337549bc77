import { LOG_LEVELS } from '../../src/cli/world.ts'

/** Variables that the program itself reads. A test holds that the code has those of our prefix, and no other. */
export const ENVIRONMENT: Readonly<Record<string, string>> = Object.freeze({
  ENGINEHOUSE_STATE_DIR:
    'The state directory. Else the first that systemd gives, `$XDG_STATE_HOME/enginehouse`, or `~/.local/state/enginehouse`.',
  ENGINEHOUSE_LISTEN: 'Where clients are answered; goes before `server.listen`.',
  ENGINEHOUSE_DEFAULT_TTL:
    'The `ttl` of models that write none of their own, a duration or `never`; goes before `defaults.ttl`.',
  ENGINEHOUSE_LOG_LEVEL: `How much the daemon's own log says: ${LOG_LEVELS.join(', ')}. Default info.`,
  ENGINEHOUSE_HOST: 'The daemon that commands ask, as --host; without it the one of the state directory.',
  ENGINEHOUSE_API_KEY: 'The key for that daemon, where --key-file names none.',
  'HOST, PORT': 'Parts of the address of `server.listen`, where ENGINEHOUSE_LISTEN is not set.',
  DEFAULT_TTL: 'As ENGINEHOUSE_DEFAULT_TTL, where that is not set; a bare number is seconds.',
  CLEANUP_INTERVAL: 'Does nothing but a notice: `ttl` is exact, nothing polls.',
})
