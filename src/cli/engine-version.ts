/** An engine prints its version at once; one that does not is shown without. */
const TIMEOUT = 10_000

/** What `PATH --version` says of itself (`4719 (7b8443ac7)`); null when it says nothing of the kind. */
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
  return /^version:?\s+(.+)$/im.exec(all ?? '')?.[1]?.trim() ?? null
}
