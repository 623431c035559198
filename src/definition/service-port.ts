import { maxProcessPort, zeromqPortOffset } from '../base/process-port.ts'
import { isSameHost } from './definition.ts'
import type { ServicePort } from './settings.ts'

type JudgedPort =
  { readonly ok: true; readonly port: number } | { readonly ok: false; readonly expected: string }

/** A process port as the service definitions write it. */
export function servicePort(text: string): JudgedPort {
  const port = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : 0
  if (port >= 1 && port <= maxProcessPort) return { ok: true, port }
  const above = `its ZeroMQ port is ${zeromqPortOffset} above it`
  const found = text === '' ? 'the port is missing' : `the port is "${text}"`
  return { ok: false, expected: `${found}: expected 1 to ${maxProcessPort} (${above})` }
}

/** True where the entry is for this node: for its host, or for `localhost`, which templates write for any. */
export const isForNode = ({ host }: ServicePort, node: string) =>
  host === 'localhost' || isSameHost(host, node)

/** What the service definitions give a process on a node: its host's entry, else that of any, else the first. */
export function servicePortOf(
  services: readonly ServicePort[],
  process: string | undefined,
  node: string,
): ServicePort | null {
  const own = services.filter((service) => service.process === process)
  return (
    own.find(({ host }) => isSameHost(host, node)) ??
    own.find((service) => isForNode(service, node)) ??
    own[0] ??
    null
  )
}
