import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, release } from 'node:os'
import { ROOT } from '../../lib/setup.mjs'

/** What figures have to be read with: where, when, from which commit, and how busy the machine was before. */
export function describeMachine() {
  const git = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' })
  const facts = {
    at: new Date().toISOString(),
    commit: git.status === 0 ? git.stdout.trim() : 'unknown',
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    kernel: release(),
    node: process.version,
    load: Number(loadavg()[0].toFixed(2)),
  }
  const sentence =
    `Measured ${facts.at.slice(0, 10)} at commit ${facts.commit}: Node ${facts.node}, ${facts.cores} cores of ${facts.cpu}, ` +
    `Linux ${facts.kernel}, load average ${facts.load} before the start.`
  return { ...facts, sentence }
}
