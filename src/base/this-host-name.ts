import { isIP } from 'node:net'

/**
 * True where `Host` of a request names this host in a way that no name server decides: by an address, or `localhost`. A page of a
 * browser on this host may give its own name this address (DNS rebinding), and would read what is answered here. Such
 * a name stands in `Host`; what has none is no browser.
 */
export function isThisHostName(host: string | undefined): boolean {
  if (host === undefined) return true
  const name = hostNameOf(host)
  return name === 'localhost' || isIP(name) !== 0
}

/** The name or address in a `Host`, without its port and brackets; what is none gives the empty text. */
export const hostNameOf = (host: string): string =>
  (URL.parse(`http://${host}`)?.hostname ?? '').replace(/^\[(.*)\]$/, '$1')
