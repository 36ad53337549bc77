import type { Origin } from '../manifest/index.ts'
import type { Job } from './job.ts'
import { logLevelOf } from './log-level.ts'
import type { OverrideOptions } from './override-options.ts'
import type { DaemonSetting } from './render/config.ts'

/** The variables that name the state directory, the strongest first. */
const STATE_VARIABLES = ['ENGINEHOUSE_STATE_DIR', 'STATE_DIRECTORY', 'XDG_STATE_HOME'] as const

/** What `serve` would go by beside its manifest. */
export async function daemonSettings({ world }: Job, { logLevel }: OverrideOptions): Promise<readonly DaemonSetting[]> {
  const { environment } = world
  const { stateDirectoryPath } = await import('../journal/index.ts')
  const directory = stateDirectoryPath(environment)
  // A relative XDG directory does not count, so the one that is named is that which leads to what holds.
  const from = STATE_VARIABLES.find(
    (name) => environment[name] && stateDirectoryPath({ ...environment, [name]: undefined }) !== directory,
  )
  return [
    { name: 'log level', value: logLevelOf(environment, 'info', logLevel), origin: levelOrigin(environment, logLevel) },
    {
      name: 'state directory',
      value: directory,
      origin: from ? { from: 'environment', name: from } : { from: 'default' },
    },
  ]
}

function levelOrigin(environment: NodeJS.ProcessEnv, flag: string | undefined): Origin {
  if (flag !== undefined) return { from: 'flag', name: '--log-level' }
  const name = 'ENGINEHOUSE_LOG_LEVEL'
  return environment[name] ? { from: 'environment', name } : { from: 'default' }
}
