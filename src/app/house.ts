import { totalmem } from 'node:os'

import { ADAPTERS } from '../../engines/index.ts'
import { BY_HAND as TGI_BY_HAND } from '../../engines/tgi/locate.ts'
import { BY_HAND as VLLM_BY_HAND } from '../../engines/vllm/locate.ts'
import type { installLlamaServer as InstallLlamaServer } from '../../engines/llama-server/install.ts'
import type { Bytes, EngineName, Manifest, WeightsFacts } from '../core/index.ts'
import type { EngineAdapter } from '../engine/index.ts'
import type { App, AppOptions } from '../app.ts'
import type { ManifestPlanShape } from '../admin/index.ts'
import type { ManifestRead } from '../manifest/index.ts'
import type { Foresight, HostSize } from './foresee.ts'

/**
 * The house as the command line sees it. Engines and what the manifest's reader must know of them are here at once;
 * the daemon and the installer, which bring servers and clients along, are loaded by the command that runs them.
 */

export async function startApp(options: AppOptions): Promise<App> {
  const house = await import('../app.ts')
  return house.startApp(options)
}

/** What the manifest's reader must know of the engines and of this host. */
export const knowledge = Object.freeze({
  reservedFlags: (engine: EngineName) => ADAPTERS[engine].reservedFlags,
  // There is no reader of GPU facts in this version.
  gpus: false,
  // A control group that is narrower counts; where there is none, Node says 0 or more than the machine has.
  hostMemory: Math.min(totalmem(), process.constrainedMemory() || totalmem()),
})

export const engines = Object.freeze([
  {
    name: 'llama-server',
    locate: ADAPTERS['llama-server'].locate,
    probe: ADAPTERS['llama-server'].probe,
    install: installLlamaServer,
  },
  { name: 'vllm', locate: ADAPTERS.vllm.locate, probe: ADAPTERS.vllm.probe, install: null, byHand: VLLM_BY_HAND },
  { name: 'tgi', locate: ADAPTERS.tgi.locate, install: null, byHand: TGI_BY_HAND },
  { name: 'command', locate: ADAPTERS.command.locate, install: null },
]) satisfies readonly { readonly name: EngineName; readonly locate: EngineAdapter['locate'] }[]

/** What this host has for engines. */
export async function hostSize(memory: Manifest['memory']): Promise<HostSize> {
  const foresight = await import('./foresee.ts')
  return foresight.hostSize(memory)
}

/** What llama-server would claim of the host's memory for these weights, with every default. */
export async function claimOnHost(weights: WeightsFacts): Promise<Bytes> {
  const foresight = await import('./foresee.ts')
  return foresight.claimOnHost(weights)
}

/** What can be said of each model before anybody asks for it; changes nothing. */
export async function foresee(manifest: Manifest, stateDirectory: string): Promise<readonly Foresight[]> {
  const foresight = await import('./foresee.ts')
  return foresight.foresee(manifest, stateDirectory)
}

/** What a manifest is beside none at all: for a host without a daemon. */
export async function planAlone(read: ManifestRead, stateDirectory: string): Promise<ManifestPlanShape> {
  const foresight = await import('./foresee.ts')
  return foresight.planAlone(read, stateDirectory)
}

type Installer = typeof InstallLlamaServer
type Order = Omit<Parameters<Installer>[0], 'environment'> & { readonly environment: NodeJS.ProcessEnv }

async function installLlamaServer(order: Order): ReturnType<Installer> {
  const [installer, { allowedEnvironment }] = await Promise.all([
    import('../../engines/llama-server/install.ts'),
    import('../process/index.ts'),
  ])
  const environment = allowedEnvironment(order.environment, 'package_client')
  return installer.installLlamaServer({ ...order, environment })
}
