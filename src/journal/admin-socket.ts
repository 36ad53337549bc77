import { createHash } from 'node:crypto'
import { isAbsolute, join } from 'node:path'

/** Variables of a process, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The kernel takes 107 bytes for a socket's path; some libraries take fewer. */
const SOCKET_PATH_BYTES = 100

/**
 * Where the daemon of a state directory listens for its operators. A directory with a long path has its socket in
 * a private directory under XDG_RUNTIME_DIR or /tmp, named by a hash of the path. A client may have another
 * XDG_RUNTIME_DIR than the daemon, so that daemon.json says which socket it is.
 */
export function adminSocketPath(directory: string, environment: Environment): string {
  const plain = join(directory, 'admin.sock')
  if (fits(plain)) return plain
  const name = `${createHash('sha256').update(directory).digest('hex').slice(0, 16)}.sock`
  const runtime = environment['XDG_RUNTIME_DIR']
  if (runtime && isAbsolute(runtime)) {
    const short = join(runtime, 'enginehouse', name)
    if (fits(short)) return short
  }
  // Everybody may write to /tmp: the user's number keeps users apart, and an impostor's directory is refused.
  return join('/tmp', `enginehouse-${process.getuid?.() ?? 'user'}`, name)
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) < SOCKET_PATH_BYTES
}
