import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** Where hub clients of every language keep weights. */
export function hubCachePath(environment: NodeJS.ProcessEnv): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, HOME } = environment
  const cache = HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE
  if (cache) return cache
  const caches = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(HOME || homedir(), '.cache')
  return join(HF_HOME || join(caches, 'huggingface'), 'hub')
}
