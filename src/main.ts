#!/usr/bin/env node
import { runCommandLine, type Signals } from './cli/index.ts'

const signals: Signals = {
  on(signal, listener) {
    process.on(signal, listener)
    return () => void process.off(signal, listener)
  },
}

const openHouse = async () => (await import('./app/house.ts')).createHouse()
/** One for all of a command, and for the daemon that it starts: what programs were asked once is not asked again. */
let house: ReturnType<typeof openHouse> | null = null

const exit = await runCommandLine(process.argv.slice(2), {
  environment: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signals,
  house: () => (house ??= openHouse()),
})

// Sockets that nobody closed and a terminal that is still read must not keep a finished command alive.
process.stdout.write('', () => process.exit(exit))
