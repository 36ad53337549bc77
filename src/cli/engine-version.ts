/** One that does not print its version by then is shown without. vLLM imports its libraries first: 9 s on an idle host. */
const TIMEOUT = 30_000

/** `version: 4719 (7b8443ac7)`, `0.32.0+cpu` by itself, or `text-generation-launcher 3.3.7`. */
const SAID = [/^version:?\s+(.+)$/im, /^v?(\d+\.\d+\S*)$/m, /^[\w-]+ v?(\d+\.\d+\S*)$/m] as const

/** What `PATH --version` says of itself; null when it says nothing of the kind. */
export async function engineVersion(
  binary: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string | null> {
  const { execa } = await import('execa')
  const { PATH = '', HOME = '', LD_LIBRARY_PATH = '' } = environment
  const { all } = await execa(binary, ['--version'], {
    all: true,
    cancelSignal: signal,
    env: { PATH, HOME, LD_LIBRARY_PATH },
    extendEnv: false,
    maxBuffer: 64 * 1024,
    reject: false,
    stdin: 'ignore',
    timeout: TIMEOUT,
  })
  const found = SAID.map((pattern) => pattern.exec(all ?? '')?.[1]?.trim())
  return found.find((version) => version !== undefined) ?? null
}
