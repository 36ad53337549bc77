import type { IncomingMessage } from 'node:http'
import { EnginehouseError } from '../core/index.ts'
import { isForm } from './form.ts'
import { MAX_HEADER_BYTES, MAX_HEADER_LINES } from './limits.ts'

/*
 * The passes that every request takes before its body is read. Each throws an EnginehouseError; a request that fails
 * one has woken nothing.
 */

const LENGTH = /^(0|[1-9]\d*)$/
/** Anything but the exact word has been read differently by different servers (`,chunked`, `gzip, chunked`, tabs). */
const CHUNKED = /^chunked$/i

/**
 * Request smuggling: a message whose end two parsers could see in different places is refused, and its connection
 * closed. Node already refuses most; these are what it lets through.
 */
export function checkFraming(request: IncomingMessage): void {
  const raw = request.rawHeaders
  if (raw.length > MAX_HEADER_LINES * 2) throw new EnginehouseError('headers_too_large', { limit: MAX_HEADER_BYTES })
  let hosts = 0
  let lengths = 0
  let encodings = 0
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ''
    // The length alone rules out nearly every header, at no cost.
    if (name.length === 4) hosts += isName(name, 'host')
    else if (name.length === 14) lengths += isName(name, 'content-length')
    else if (name.length === 17) encodings += isName(name, 'transfer-encoding')
  }
  if (hosts !== 1) throw badRequest(hosts === 0 ? 'it has no Host header' : 'it has more than one Host header')
  if (lengths > 1) throw badRequest('it has more than one Content-Length header')
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (length !== undefined && !LENGTH.test(length)) throw badRequest('its Content-Length is not a plain number')
  if (encodings === 0) return
  if (encodings > 1 || encoding === undefined || !CHUNKED.test(encoding)) {
    throw badRequest('its Transfer-Encoding is not exactly `chunked`')
  }
  if (lengths > 0) throw badRequest('it has both Content-Length and Transfer-Encoding')
  if (request.httpVersionMinor === 0) throw badRequest('HTTP/1.0 has no Transfer-Encoding')
}

/** Proxies' targets (`http://other/`) would make the Host check look at the wrong name. */
export function checkTarget(request: IncomingMessage): void {
  const target = request.url ?? ''
  if (!target.startsWith('/') && target !== '*') throw badRequest('its target is not a path')
}

const HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/

/** DNS rebinding: a page whose name was pointed at this address sends its own name as Host. */
export function checkHost(request: IncomingMessage, allowed: ReadonlySet<string>): void {
  const host = request.headers.host ?? ''
  if (allowed.has(host)) return
  if (!HOST.test(host)) throw badRequest('its Host header is not a name or an address')
  if (!allowed.has(host.toLowerCase())) throw new EnginehouseError('host_not_allowed', { host, allowed: [...allowed] })
}

export function checkExpectation(request: IncomingMessage): void {
  const expect = request.headers.expect
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw new EnginehouseError('expectation_failed', { value: expect })
  }
}

const JSON_TYPE = /^application\/([a-z0-9!#$&^_.-]+\+)?json\s*(;.*)?$/i

/**
 * Only plain JSON, and forms where files come with them: what is compressed could grow without bound, and the types that a web form can send would get past
 * a browser's preflight. No type at all is taken as JSON.
 */
export function checkMediaType(request: IncomingMessage, body: 'json' | 'form'): void {
  const { 'content-type': type, 'content-encoding': encoding } = request.headers
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new EnginehouseError('media_type_unsupported', { header: 'content-encoding', value: encoding, body })
  }
  if (type === undefined || type === 'application/json' || JSON_TYPE.test(type)) return
  if (body === 'form' && isForm(type)) return
  throw new EnginehouseError('media_type_unsupported', { header: 'content-type', value: type, body })
}

export function badRequest(why: string): EnginehouseError {
  return new EnginehouseError('bad_request', { why })
}

function isName(sent: string, name: string): number {
  return sent.toLowerCase() === name ? 1 : 0
}
