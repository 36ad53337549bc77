import type { Bytes, ErrorCode, Facts } from '../core/index.ts'

/** What happens while the weights of a model are made present. */
export type WeightsProgress =
  /** What the source's program has written so far, its temporary files included; told about once a second. */
  | { readonly kind: 'fetching'; readonly bytes: Bytes }
  | { readonly kind: 'verifying'; readonly bytes: Bytes; readonly total: Bytes }
  /** A stored copy no longer had the digest that it is stored under; it is fetched again. */
  | { readonly kind: 'discarded'; readonly path: string; readonly why: string }
  /** One source of the list did not work; the next one is tried. */
  | { readonly kind: 'source_failed'; readonly code: ErrorCode; readonly facts: Facts }
