// The load: plain sockets and prepared bytes, so that the generator costs less than any server that it drives.
import { once } from 'node:events'
import { connect } from 'node:net'

/** Size of the requests' bodies, in bytes; that of the answers is the same. */
const BODY_SIZE = 362
/** Between the openings of two streams, in milliseconds: their tokens shall not come in step. */
const STAGGER = 3
const HEAD_END = Buffer.from('\r\n\r\n')
const EVENT = Buffer.from('data: {')

/** A chat request of the model named `bench`, of BODY_SIZE bytes. */
function requestBytes({ stream }) {
  const shape = (content) => JSON.stringify({ model: 'bench', stream, messages: [{ role: 'user', content }] })
  const body = shape('w '.repeat(BODY_SIZE).slice(0, BODY_SIZE - shape('').length))
  return Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`,
  )
}

/** Sends `requests` whole requests over `connections` connections, each one after the answer to the one before. */
export async function sendRequests({ port, connections, requests }) {
  const bytes = requestBytes({ stream: false })
  let left = requests
  const converse = (socket) =>
    new Promise((resolve, reject) => {
      const send = () => {
        if (left === 0) return resolve()
        left -= 1
        socket.write(bytes)
      }
      socket.on('data', createAnswerReader(send, reject))
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('the server closed a connection')))
      send()
    })
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)))
  try {
    await Promise.all(sockets.map(converse))
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

/** Opens `streams` endless streams; every one of them has given tokens when it resolves. */
export async function openStreams({ port, streams }) {
  const bytes = requestBytes({ stream: true })
  const sockets = []
  let tokens = 0
  let awaited = null
  let problem = null
  for (let index = 0; index < streams; index += 1) {
    const socket = await open(port)
    sockets.push(socket)
    socket.write(bytes)
    socket.once('data', (piece) => (problem ??= problemOf(piece)))
    socket.on('data', (piece) => {
      for (let at = piece.indexOf(EVENT); at >= 0; at = piece.indexOf(EVENT, at + EVENT.length)) tokens += 1
      if (awaited !== null && tokens >= awaited.count) awaited.resolve()
    })
    await new Promise((resolve) => setTimeout(resolve, STAGGER))
  }
  await Promise.all(sockets.map((socket) => once(socket, 'data')))
  if (problem !== null) throw new Error(problem)
  return {
    get tokens() {
      return tokens
    },
    /** Resolves when so many more tokens have come over all streams together. */
    take: (count) => new Promise((resolve) => (awaited = { count: tokens + count, resolve })),
    async close() {
      for (const socket of sockets) socket.destroy()
      await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')))
    },
  }
}

async function open(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** Calls `onAnswer` at the end of each answer; an answer nearly always comes in one piece. */
function createAnswerReader(onAnswer, onError) {
  let rest = Buffer.alloc(0)
  return (piece) => {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    const headEnd = rest.indexOf(HEAD_END)
    if (headEnd < 0) return
    const head = rest.latin1Slice(0, headEnd)
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
    if (!head.startsWith('HTTP/1.1 200 ') || length === undefined)
      return onError(new Error(`unexpected answer: ${head}`))
    if (rest.length < headEnd + HEAD_END.length + Number(length)) return
    rest = Buffer.alloc(0)
    onAnswer()
  }
}

/** Null when an answer begins as it should. */
function problemOf(piece) {
  const text = piece.latin1Slice()
  return text.startsWith('HTTP/1.1 200 ') ? null : `unexpected answer: ${text}`
}
