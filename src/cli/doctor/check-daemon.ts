import { formatDuration } from '../../core/index.ts'
import type { LaunchesLeft } from '../../journal/index.ts'
import type { DaemonFacts, Facts } from './facts.ts'
import { fail, type Finding, pass, warn } from './finding.ts'

export function checkDaemon(daemon: DaemonFacts, { program, clock }: Pick<Facts, 'program' | 'clock'>): Finding {
  const check = 'daemon'
  switch (daemon.kind) {
    case 'none':
      return pass(check, 'none runs with this state directory')
    case 'silent': {
      const fix = 'See its log; end it if it hangs (engines are found again by the next start).'
      return fail(check, `process ${daemon.pid} holds the lock and does not answer: ${daemon.why}`, fix)
    }
    case 'running': {
      const up = formatDuration(Math.max(0, clock.now - daemon.startedAt))
      const found = `version ${daemon.version}, process ${daemon.pid}, up ${up}`
      if (daemon.version === program.version) return pass(check, found)
      return warn(
        check,
        `${found}; this command is version ${program.version}`,
        'Restart the daemon with this version.',
      )
    }
    default:
      return daemon satisfies never
  }
}

/** Nothing where no daemon runs, or it has no file. */
export function checkInForce(daemon: DaemonFacts): readonly Finding[] {
  const check = 'in force'
  if (daemon.kind !== 'running' || daemon.manifest === null || daemon.file === null) return []
  const { manifest, file } = daemon
  if (file === 'in_force') return [pass(check, `${manifest}, as it is now`)]
  if (file === 'changed') {
    const fix = '`enginehouse plan` shows what differs, `enginehouse apply` puts it in force.'
    return [warn(check, `${manifest} was changed, and the daemon goes by what it read before`, fix)]
  }
  if (file === 'gone')
    return [warn(check, `${manifest} is gone; the daemon goes by what it read`, 'Put the file back.')]
  const found = `${manifest} is wrong now, and the daemon goes by what it read before: ${file.refused}`
  return [fail(check, found, '`enginehouse validate` shows each problem with its line.')]
}

export function checkLeftovers(daemon: DaemonFacts): readonly Finding[] {
  const check = 'leftovers'
  if (daemon.kind === 'silent') return []
  const { launches, damaged } = daemon.leftovers
  const aside = asideFinding(check, daemon.leftovers)
  if (daemon.kind === 'running')
    return aside ?? [pass(check, launches === 0 ? 'none' : `none but its ${launches} running`)]
  if (launches === 0) return aside ?? [pass(check, 'none')]
  const found = `${launches === 1 ? '1 engine was' : `${launches} engines were`} left by a daemon that ended unasked`
  const first = warn(check, found, 'Start the daemon: it finds them by their launch records.')
  return damaged > 0 ? [first, ...(aside ?? [])] : [first]
}

function asideFinding(check: string, { damaged }: LaunchesLeft): readonly Finding[] | null {
  if (damaged === 0) return null
  const found = `${damaged} launch ${damaged === 1 ? 'record' : 'records'} could not be read: an engine may live that nobody can prove ours`
  return [fail(check, found, 'Look for engines that run, end them, and remove run/*~.damaged in the state directory.')]
}
