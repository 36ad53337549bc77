import { request } from 'node:http'
import { clock } from './clock.mjs'

/** Asks `model` one question on a connection of its own; resolves with { asked, firstByte }, read from `clock`. */
export function ask({ port, model }) {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] })
    const asked = clock()
    const sent = request(
      {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/v1/chat/completions',
        agent: false,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        let firstByte = null
        let text = ''
        response.on('data', (piece) => {
          firstByte ??= clock()
          text += piece
        })
        response.on('error', reject)
        response.on('end', () => {
          if (response.statusCode === 200) resolve({ asked, firstByte })
          else reject(new Error(`${response.statusCode}: ${text}`))
        })
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
