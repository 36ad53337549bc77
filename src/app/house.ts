import { totalmem } from 'node:os'

import { ADAPTERS } from '../../engines/index.ts'
import type { Bytes, Manifest, WeightsFacts } from '../core/index.ts'
import type { Adapters, EngineAdapter, Installed, InstallOrder } from '../engine/index.ts'
import type { App, AppOptions } from '../app.ts'
import type { ManifestPlanShape } from '../admin/index.ts'
import type { Knowledge, ManifestRead } from '../manifest/index.ts'
import type { Foresight, HostSize } from './foresee.ts'
import type { Programs } from './programs.ts'

/**
 * The house as the command line sees it. Engines and what the manifest's reader must know of them are here at once;
 * the daemon and the installers, which bring servers and clients along, are loaded by the command that runs them.
 */
export function createHouse(adapters: Adapters = ADAPTERS) {
  const asking = new Map<string, Promise<Programs>>()
  return Object.freeze({
    knowledge: knowledgeOf(adapters),
    engines: adapters.map(entryOf),

    async startApp(options: AppOptions): Promise<App> {
      const [house, programs] = await Promise.all([import('../app.ts'), programsOf(options)])
      return house.startApp({ adapters, programs, ...options })
    },

    /** What the engines' programs of a host know: the same of one state directory, for a command and its daemon. */
    programs: programsOf,

    /** What this host has for engines. */
    async hostSize(memory: Manifest['memory']): Promise<HostSize> {
      const foresight = await import('./foresee.ts')
      return foresight.hostSize(memory)
    },

    /** What the engine of a GGUF file would claim of the host's memory for these weights, with every default. */
    async claimOnHost(weights: WeightsFacts): Promise<Bytes> {
      const foresight = await import('./foresee.ts')
      return foresight.claimOnHost(weights, adapters)
    },

    /** What can be said of each model before anybody asks for it; changes nothing. */
    async foresee(manifest: Manifest, stateDirectory: string): Promise<readonly Foresight[]> {
      const foresight = await import('./foresee.ts')
      return foresight.foresee(manifest, { stateDirectory, adapters })
    },

    /** What a manifest is beside none at all: for a host without a daemon. */
    async planAlone(read: ManifestRead, stateDirectory: string): Promise<ManifestPlanShape> {
      const foresight = await import('./foresee.ts')
      return foresight.planAlone(read, { stateDirectory, adapters })
    },
  })

  function programsOf({ stateDirectory, environment }: ProgramsPlace): Promise<Programs> {
    const found = asking.get(stateDirectory) ?? openPrograms({ stateDirectory, environment })
    asking.set(stateDirectory, found)
    return found
  }

  async function openPrograms({ stateDirectory, environment }: ProgramsPlace): Promise<Programs> {
    const [{ createPrograms }, { stateDirectoryAt }] = await Promise.all([
      import('./programs.ts'),
      import('../journal/index.ts'),
    ])
    const { engines } = stateDirectoryAt(stateDirectory, environment)
    return createPrograms({ adapters, environment, installed: engines })
  }
}

type ProgramsPlace = Pick<AppOptions, 'stateDirectory' | 'environment'>

/** What the manifest's reader must know of the engines and of this host. */
export function knowledgeOf(adapters: Adapters): Knowledge {
  return Object.freeze({
    engines: adapters,
    // There is no reader of GPU facts in this version.
    gpus: false,
    // A control group that is narrower counts; where there is none, Node says 0 or more than the machine has.
    hostMemory: Math.min(totalmem(), process.constrainedMemory() || totalmem()),
  })
}

type Order = Omit<InstallOrder, 'environment'> & { readonly environment: NodeJS.ProcessEnv }

function entryOf({ name, locate, probe, install, byHand }: EngineAdapter) {
  return Object.freeze({
    name,
    locate,
    probe,
    ...(byHand === undefined ? {} : { byHand }),
    install: install === undefined ? null : (order: Order) => installWith(install, order),
  })
}

async function installWith(install: (order: InstallOrder) => Promise<Installed>, order: Order): Promise<Installed> {
  const { allowedEnvironment } = await import('../process/index.ts')
  return install({ ...order, environment: allowedEnvironment(order.environment, 'package_client') })
}
