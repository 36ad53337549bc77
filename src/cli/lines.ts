/** The lines of a response as they come, without their ends; a last line without an end counts. */
export async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of body) {
    rest += decoder.decode(piece, { stream: true })
    let end = rest.indexOf('\n')
    let start = 0
    for (; end !== -1; end = rest.indexOf('\n', start)) {
      yield rest.slice(start, rest[end - 1] === '\r' ? end - 1 : end)
      start = end + 1
    }
    rest = rest.slice(start)
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}

/** The data of server-sent events. Comments, ids and names are of no use to a command. */
export async function* eventData(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) {
    if (line.startsWith('data:')) yield line.slice(5).trimStart()
  }
}
