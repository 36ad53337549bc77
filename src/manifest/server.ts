import type { AnswerTimeouts, ServerSpec } from '../core/index.ts'
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
  if (read) checkListen(read, report)
  const timeouts = read?.entries.get('timeouts')
  const layers = timeouts ? [{ entry: timeouts, path: ['server', 'timeouts'] }] : []
  const values = read?.values ?? {}
  return {
    server: {
      listen: listenWith(overrides, values.listen ?? DEFAULT_SERVER.listen),
      hosts: values.hosts ?? DEFAULT_SERVER.hosts,
      cors: values.cors ?? DEFAULT_SERVER.cors,
      maxBody: values.max_body ?? DEFAULT_SERVER.maxBody,
      maxQueue: values.max_queue ?? DEFAULT_SERVER.maxQueue,
      queueTimeout: values.queue_timeout ?? DEFAULT_SERVER.queueTimeout,
    },
    timeouts: mergeTimeouts(DEFAULT_MODEL.timeouts, readLayers(TIMEOUTS, layers, report)),
  }
}

function checkListen({ values: { listen }, entries }: Read<typeof serverShape>, report: Report): void {
  const written = entries.get('listen')
  if (!listen || !written || isLoopback(listen)) return
  const shown = withheld(written.node) ?? describeListen(listen)
  const why = `server.listen is ${shown}, which other hosts can reach, and keys are not supported by this version.`
  const next = 'Listen on 127.0.0.1, [::1] or unix:/PATH.'
  report('manifest_conflict', { why, next }, written.node.span, ['server', 'listen'])
}
