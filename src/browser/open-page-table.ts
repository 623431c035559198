import { pageClock } from './page-clock.ts'
import { pageNetwork } from './page-network.ts'
import { PageTable } from './page-table.ts'

export interface PageTableOptions {
  /** Headers of each request, such as a token: the function is asked each time that the page connects. */
  readonly headers?: () => Record<string, string> | PromiseLike<Record<string, string>>
  /** Whether cookies go to another origin: see `fetch()`. */
  readonly credentials?: 'omit' | 'same-origin' | 'include'
  /** Closes the live table. */
  readonly signal?: AbortSignal
}

/**
 * Keeps the rows of a live table in the page: those that `liveResponse()` or `liveHandler()` answers at this address with. It is there at
 * once, in the state `reading`; `await ready` waits for the rows.
 */
export function liveTable<Row extends object = Record<string, unknown>>(
  url: string | URL,
  table: string,
  { headers, credentials = 'same-origin', signal }: PageTableOptions = {},
): PageTable<Row> {
  const ask = async (after: string | null, signal: AbortSignal): Promise<Response> => {
    const query = new URLSearchParams({ table, ...(after !== null && { after }) })
    const address = String(url)
    const given = await headers?.()
    return await fetch(`${address}${address.includes('?') ? '&' : '?'}${query.toString()}`, {
      ...(given && { headers: given }),
      credentials,
      signal,
      cache: 'no-store',
    })
  }
  const surroundings = { clock: pageClock, network: pageNetwork, random: Math.random }
  const live = new PageTable<Row>(ask, surroundings)
  signal?.addEventListener('abort', () => live.close(), { once: true })
  if (signal?.aborted) live.close()
  return live
}
