import { connect } from 'node:net'

/** Between two attempts, in milliseconds. */
const INTERVAL = 5
/** A program of ours that does not listen after so many milliseconds never will. */
const PATIENCE = 30_000

/** Resolves when somebody accepts connections at the port. */
export async function reachable(port) {
  const deadline = performance.now() + PATIENCE
  while (!(await accepts(port))) {
    if (performance.now() > deadline) throw new Error(`nobody listens on port ${port}`)
    await new Promise((resolve) => setTimeout(resolve, INTERVAL))
  }
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const settle = (answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}
