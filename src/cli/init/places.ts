import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

import { hubCachePath } from '../hub-cache.ts'
import { SEARCH } from './limits.ts'
import type { Place } from './search.ts'

/** Where weights usually are, when nobody names a place. */
export function usualPlaces(environment: NodeJS.ProcessEnv, here: string): readonly Place[] {
  const { HOME, LLAMA_CACHE, XDG_CACHE_HOME } = environment
  const home = HOME || homedir()
  const caches = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(home, '.cache')
  const known = [
    join(home, 'models'),
    hubCachePath(environment),
    LLAMA_CACHE || join(caches, 'llama.cpp'),
    join(home, '.lmstudio', 'models'),
    join(caches, 'lm-studio', 'models'),
  ]
  return [{ path: here, depth: SEARCH.depthHere }, ...known.map((path) => ({ path, depth: SEARCH.depth }))]
}

/** Where Ollama keeps what it pulled, for a user and as a service. */
export function ollamaPlaces({ OLLAMA_MODELS, HOME }: NodeJS.ProcessEnv): readonly string[] {
  if (OLLAMA_MODELS) return [OLLAMA_MODELS]
  return [join(HOME || homedir(), '.ollama', 'models'), '/usr/share/ollama/.ollama/models']
}
