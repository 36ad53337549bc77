import { checkDaemon, checkInForce, checkLeftovers } from './check-daemon.ts'
import {
  checkClock,
  checkGpu,
  checkHub,
  checkMemory,
  checkNode,
  checkOpenFiles,
  checkPlatform,
  checkSharedMemory,
} from './check-host.ts'
import { checkClaims, checkEngines, checkListen, checkManifest, checkWeights } from './check-manifest.ts'
import { checkFileSystem, checkLock, checkSocket, checkStateDirectory, checkStateDisk } from './check-state.ts'
import type { Facts } from './facts.ts'
import type { Finding } from './finding.ts'

/** Every check, in the order of its lines. Pure: what was found out decides alone. */
export function examine(facts: Facts): readonly Finding[] {
  const { program, clock, limits, memory, gpu, state, hub, manifest, daemon } = facts
  return [
    checkNode(program),
    checkPlatform(program),
    checkClock(clock),
    checkMemory(memory),
    checkGpu(gpu),
    checkOpenFiles(limits),
    checkSharedMemory(limits),
    checkStateDirectory(state),
    checkStateDisk(state),
    checkFileSystem(state),
    checkSocket(state),
    checkLock(state),
    checkHub(hub),
    checkManifest(manifest),
    ...(manifest.kind === 'good'
      ? [...checkWeights(manifest), ...checkEngines(manifest), ...checkClaims(manifest, facts), checkListen(manifest)]
      : []),
    checkDaemon(daemon, facts),
    ...checkInForce(daemon),
    ...checkLeftovers(daemon),
  ]
}
