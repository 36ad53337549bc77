import { dirname } from 'node:path'

import { formatBytes, GIB, MIB } from '../../core/index.ts'
import type { Bytes } from '../../core/index.ts'
import type { StateFacts } from './facts.ts'
import { fail, type Finding, pass, warn } from './finding.ts'

/** The journal may take 64 MiB, launch records and logs some more. */
const DISK_MIN: Bytes = 128 * MIB
const DISK_GOOD: Bytes = GIB

/** Numbers of kinds of file systems, as Linux has them (linux/magic.h). */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x65735546, 'FUSE'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x00c36400, 'Ceph'],
])
/** They hold no sockets, or no owners and modes. */
const UNFIT: ReadonlyMap<number, string> = new Map([
  [0x01021997, '9p'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x4d44, 'FAT'],
  [0x2011bab0, 'exFAT'],
  [0x5346544e, 'NTFS'],
])
const IN_MEMORY: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
])

const ELSEWHERE = 'Point ENGINEHOUSE_STATE_DIR at a directory on a local disk.'

export function checkStateDirectory({ path, directory, user }: StateFacts): Finding {
  const check = 'state directory'
  switch (directory.kind) {
    case 'absent':
      return directory.parentWritable
        ? pass(check, `${path} is made by the first start`)
        : fail(check, `${path} is not there, and cannot be made in ${directory.parent}`, ELSEWHERE)
    case 'other':
      return fail(check, `${path}: ${directory.why}`, 'Move it away, or point ENGINEHOUSE_STATE_DIR elsewhere.')
    case 'present': {
      const { mode, owner, writable } = directory
      const shown = `${path} (mode 0${mode.toString(8)})`
      if (user !== null && owner !== user) {
        const fix = 'Run as its owner, or point ENGINEHOUSE_STATE_DIR at a directory of your own.'
        return fail(check, `${path} belongs to user ${owner}, and this is user ${user}`, fix)
      }
      if ((mode & 0o077) !== 0) {
        return fail(check, `${shown}: others may enter it, and whoever enters is an operator`, `chmod 700 ${path}`)
      }
      if (!writable)
        return fail(check, `${shown} cannot be written`, `chmod 700 ${path}; see that its disk is not read-only.`)
      return pass(check, shown)
    }
    default:
      return directory satisfies never
  }
}

export function checkStateDisk({ disk }: StateFacts): Finding {
  const check = 'state disk'
  if (disk === null) return warn(check, 'how much is free could not be told', 'See `df`.')
  const free = `${formatBytes(disk.free)} free`
  if (disk.free < DISK_MIN) return fail(check, `${free}: too little for the journal and logs`, 'Make room.')
  if (disk.free < DISK_GOOD) return warn(check, free, 'Make room before engines are installed or weights fetched.')
  return pass(check, free)
}

export function checkFileSystem({ disk }: StateFacts): Finding {
  const check = 'file system'
  if (disk === null) return warn(check, 'its kind could not be told', ELSEWHERE)
  const unfit = UNFIT.get(disk.type)
  if (unfit !== undefined) return fail(check, `${unfit} holds no sockets, or no owners and modes`, ELSEWHERE)
  const network = NETWORK.get(disk.type)
  if (network !== undefined) {
    return warn(check, `${network}: what is locked or written there may not be seen at once by all`, ELSEWHERE)
  }
  const memory = IN_MEMORY.get(disk.type)
  if (memory !== undefined) {
    return warn(check, `${memory}: the history and installed engines are gone after a reboot`, ELSEWHERE)
  }
  return pass(check, 'a local disk')
}

export function checkLock({ lock }: StateFacts): Finding {
  const check = 'lock'
  switch (lock.kind) {
    case 'free':
      return pass(check, 'free')
    case 'held':
      return pass(check, `held by process ${lock.pid}`)
    case 'left':
      return pass(check, `left by process ${lock.pid}, which has ended; the next start takes it over`)
    case 'unreadable':
      return warn(check, 'what stands there is no lock', 'The next start takes it over; see what wrote it.')
    default:
      return lock satisfies never
  }
}

/** The kernel takes 107 bytes for a socket's path: from a long directory it is moved elsewhere. */
export function checkSocket({ path, adminSocket }: StateFacts): Finding {
  const check = 'admin socket'
  if (dirname(adminSocket) === path) return pass(check, adminSocket)
  const found = `${path} is too long for a socket: it is at ${adminSocket}, and engines listen on ports`
  return warn(check, found, 'Point ENGINEHOUSE_STATE_DIR at a shorter path.')
}
