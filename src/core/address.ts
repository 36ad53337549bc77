/** Where an engine listens: loopback or a socket in a 0700 directory, nothing else. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: '127.0.0.1'; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

export function describeAddress(address: Address): string {
  return address.kind === 'tcp' ? `${address.host}:${address.port}` : `unix:${address.path}`
}
