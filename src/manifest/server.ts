import type { AnswerTimeouts, ListenAddress, ServerSpec } from '../core/index.ts'
import { DEFAULT_MODEL, DEFAULT_SERVER } from './defaults.ts'
import { describeListen, isLoopback } from './listen.ts'
import { withheld } from './node.ts'
import { listenWith } from './overrides.ts'
import type { ManifestOverrides } from './overrides.ts'
import type { Report } from './problems.ts'
import { readLayers, readSection, SERVER, TIMEOUTS } from './sections.ts'
import type { Read } from './sections.ts'
import type { Placed } from './node.ts'
import type { serverShape } from './schema.ts'
import { mergeTimeouts } from './timeouts.ts'

/** The endpoint, and the limits of answers of every model that writes none of its own. */
export function readServer(
  placed: Placed | undefined,
  overrides: ManifestOverrides,
  report: Report,
): { readonly server: ServerSpec; readonly timeouts: AnswerTimeouts } {
  const read = placed && readSection(SERVER, placed.entry.node, placed.path, report)
  const timeouts = read?.entries.get('timeouts')
  const layers = timeouts ? [{ entry: timeouts, path: ['server', 'timeouts'] }] : []
  const values = read?.values ?? {}
  const auth = values.auth ?? DEFAULT_SERVER.auth
  const listen = listenWith(overrides, values.listen ?? DEFAULT_SERVER.listen)
  if (auth !== 'none' && !isLoopback(listen)) refuseReachable(listen, read, overrides, report)
  return {
    server: {
      listen,
      auth,
      hosts: values.hosts ?? DEFAULT_SERVER.hosts,
      cors: values.cors ?? DEFAULT_SERVER.cors,
      maxBody: values.max_body ?? DEFAULT_SERVER.maxBody,
      maxQueue: values.max_queue ?? DEFAULT_SERVER.maxQueue,
      queueTimeout: values.queue_timeout ?? DEFAULT_SERVER.queueTimeout,
    },
    timeouts: mergeTimeouts(DEFAULT_MODEL.timeouts, readLayers(TIMEOUTS, layers, report)),
  }
}

/** An address that other hosts can reach, where nobody said that everybody may. */
function refuseReachable(
  listen: ListenAddress,
  read: Read<typeof serverShape> | undefined,
  { origins = {} }: ManifestOverrides,
  report: Report,
): void {
  const above = origins.listen ?? origins.host
  const written = above ? undefined : read?.entries.get('listen')
  const name = above?.name ?? 'server.listen'
  const shown = (written && withheld(written.node)) ?? describeListen(listen)
  const why = `${name} is ${shown}, which other hosts can reach, and keys are not supported by this version.`
  const next = 'Listen on 127.0.0.1, [::1] or unix:/PATH; or let everybody in who can reach it, with `auth: none`.'
  report('manifest_conflict', { why, next }, written?.node.span ?? [0, 1], ['server', 'listen'])
}
