import { formatBytes } from '../core/index.ts'
import { parseEnvFile } from './env-file.ts'
import { ENV_FILE_SIZE_MAX } from './limits.ts'
import { positionsIn } from './positions.ts'
import type { ManifestProblem } from './problems.ts'
import { collectProblems } from './problems.ts'
import type { Variables } from './variables.ts'
import { variablesOf } from './variables.ts'

/** The `.env` beside a manifest, or why it cannot be read. The path is absolute. */
export type EnvFile = { readonly path: string } & ({ readonly text: string } | { readonly why: string })

export interface EnvironmentOptions {
  /** Variables of the process, which win over those of the file; none by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** None by default. */
  readonly envFile?: EnvFile
}

export interface Environment {
  readonly variables: Variables
  /** Of the file. */
  readonly problems: readonly ManifestProblem[]
}

/** What `${NAME}` stands for in a manifest. */
export function readEnvironment({ environment = {}, envFile }: EnvironmentOptions): Environment {
  if (!envFile) return { variables: variablesOf(environment, new Map()), problems: [] }
  const text = 'text' in envFile ? withoutMark(envFile.text) : ''
  const { report, problems } = collectProblems(positionsIn(text), envFile.path)
  const why = 'why' in envFile ? envFile.why : whyTooLarge(Buffer.byteLength(text))
  if (why !== undefined) report('env_file_unreadable', { why }, [0, 1], [])
  const file = why === undefined ? parseEnvFile(text, report) : new Map<string, string>()
  return { variables: variablesOf(environment, file), problems: problems() }
}

/** Undefined for a `.env` that may be read. */
export function whyTooLarge(size: number): string | undefined {
  if (size <= ENV_FILE_SIZE_MAX) return undefined
  return `it has ${formatBytes(size)}, and no more than ${formatBytes(ENV_FILE_SIZE_MAX)} are read`
}

/** Without a byte order mark. */
export function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}
