import { Client, Pool } from 'undici'
import type { Dispatcher } from 'undici'
import type { Address, InstanceId, Lease } from '../core/index.ts'
import { ENGINE_CONNECT_DEADLINE, ENGINE_KEEP_ALIVE } from './limits.ts'

/** undici's own limits are off where ours hold: admission bounds requests, the instance's life bounds their time. */
const CLIENT_OPTIONS = Object.freeze({
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: ENGINE_KEEP_ALIVE,
  keepAliveMaxTimeout: ENGINE_KEEP_ALIVE,
  connect: Object.freeze({ timeout: ENGINE_CONNECT_DEADLINE }),
})

/** One connection that knows how many requests its present socket has carried. */
class CountingClient extends Client {
  /** Requests written to the present socket. */
  carried = 0

  constructor(origin: string | URL, options: Client.Options) {
    super(origin, options)
    this.on('connect', () => {
      this.carried = 0
    })
  }

  /** Marks the order instead of wrapping its handler: by the time a handler is called, undici has unwrapped it. */
  override dispatch(order: UpstreamOrder, handler: Dispatcher.DispatchHandler): boolean {
    order.client = this
    return super.dispatch(order, handler)
  }
}

export interface UpstreamOrder extends Dispatcher.DispatchOptions {
  /** The connection that got the order. */
  client: CountingClient | null
}

/** The connections to one instance. */
export interface Upstream {
  dispatch(order: UpstreamOrder, handler: Dispatcher.DispatchHandler): void
  /** On a connection that nobody has used, and that nobody will use again. */
  dispatchFresh(order: UpstreamOrder, handler: Dispatcher.DispatchHandler): void
}

/** Pools by instance: each is made with its first lease and ends with the instance. */
export interface Upstreams {
  /** Null when the instance has ended already. */
  of(lease: Lease): Upstream | null
  close(): Promise<void>
}

/** `ended` is called when an instance ends, before its connections are cut. */
export function createUpstreams(ended: (instance: InstanceId, reason: unknown) => void): Upstreams {
  const open = new Map<InstanceId, { readonly upstream: Upstream; readonly pool: Pool }>()

  function make(lease: Lease): Upstream {
    const { origin, options } = reach(lease.address)
    const pool = new Pool(origin, { ...options, factory: (url, its) => new CountingClient(url, its as Client.Options) })
    const upstream: Upstream = {
      dispatch: (order, handler) => void pool.dispatch(order, handler),
      dispatchFresh(order, handler) {
        const client = new CountingClient(origin, options)
        order.reset = true
        client.dispatch(order, handler)
        // Closes once the request is over.
        void client.close()
      },
    }
    open.set(lease.instance, { upstream, pool })
    // One listener per instance: thousands of requests share the signal.
    lease.ended.addEventListener(
      'abort',
      () => {
        open.delete(lease.instance)
        ended(lease.instance, lease.ended.reason)
        void pool.destroy()
      },
      { once: true },
    )
    return upstream
  }

  return {
    of(lease) {
      if (lease.ended.aborted) return null
      return open.get(lease.instance)?.upstream ?? make(lease)
    },
    async close() {
      const pools = [...open.values()]
      open.clear()
      await Promise.all(pools.map(({ pool }) => pool.destroy()))
    },
  }
}

function reach(address: Address): { readonly origin: string; readonly options: Client.Options } {
  if (address.kind === 'tcp') return { origin: `http://${address.host}:${address.port}`, options: CLIENT_OPTIONS }
  return { origin: 'http://localhost', options: { ...CLIENT_OPTIONS, socketPath: address.path } }
}
