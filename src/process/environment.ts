/** Carries a launch's nonce in its processes: how they are found again after their parents are gone. */
export const NONCE_VARIABLE = 'ENGINEHOUSE_NONCE'

/** Variables that an engine may inherit. Engines read generic names such as PORT, so all else is withheld. */
const ENGINE_NAMES: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'TZ',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HF_HOME',
  'HF_HUB_CACHE',
  // Where the client of containers finds its daemon.
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'DOCKER_CERT_PATH',
  'DOCKER_TLS_VERIFY',
])

const ENGINE_PREFIXES = ['LC_', 'CUDA_', 'NVIDIA_', 'NCCL_'] as const

/** Chosen per launch, so never inherited although their prefix is. */
const PER_LAUNCH: ReadonlySet<string> = new Set(['CUDA_VISIBLE_DEVICES', 'CUDA_DEVICE_ORDER', 'NVIDIA_VISIBLE_DEVICES'])

/** What package clients need besides: an `exec` source and `engines install` may run pip. */
const PACKAGE_CLIENT_NAMES: ReadonlySet<string> = new Set([
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'XDG_CONFIG_HOME',
  'XDG_CACHE_HOME',
])
const PACKAGE_CLIENT_PREFIXES = ['PIP_', 'PYENV_'] as const

export type EnvironmentUse = 'engine' | 'package_client'

/** The part of the daemon's environment that a child may see. */
export function allowedEnvironment(source: NodeJS.ProcessEnv, use: EnvironmentUse): Record<string, string> {
  const allowed: Record<string, string> = {}
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && isAllowed(name, use)) allowed[name] = value
  }
  return allowed
}

function isAllowed(name: string, use: EnvironmentUse): boolean {
  if (PER_LAUNCH.has(name)) return false
  if (ENGINE_NAMES.has(name) || ENGINE_PREFIXES.some((prefix) => name.startsWith(prefix))) return true
  if (use === 'engine') return false
  return PACKAGE_CLIENT_NAMES.has(name) || PACKAGE_CLIENT_PREFIXES.some((prefix) => name.startsWith(prefix))
}
