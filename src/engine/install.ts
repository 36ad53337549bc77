import type { Bytes } from '../core/index.ts'

/** An order to get an engine's program onto this host. */
export interface InstallOrder {
  /** `engines/` of the state directory. */
  readonly directory: string
  /** What package clients may see of the environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly onProgress: (progress: InstallProgress) => void
  /** Ends what runs; the installation then rejects with `signal.reason` and leaves nothing behind. */
  readonly signal: AbortSignal
}

export type InstallProgress =
  /** The place that it is installed into is made. */
  | { readonly kind: 'preparing' }
  /** `total` is what the pinned version has; left out where that is not known. */
  | { readonly kind: 'downloading'; readonly bytes: Bytes; readonly total?: Bytes }
  | { readonly kind: 'verifying' }
  | { readonly kind: 'unpacking' }
  /** What was downloaded is put in its place: 0 to 1 of it. */
  | { readonly kind: 'installing'; readonly fraction: number }
  /** What was installed reaches the disk. */
  | { readonly kind: 'storing' }
  /** The program is run once, so that what is installed is known to work on this host. */
  | { readonly kind: 'proving' }

export interface Installed {
  /** Absolute path of the engine's program. */
  readonly path: string
  readonly version: string
  /** It was there and works; nothing was changed. */
  readonly already: boolean
}
