import type { Definition, Findings, WrittenService } from '../definition.ts'
import { isSameHost } from '../definition.ts'
import { nearest } from '../../base/nearest.ts'
import { problemFrom } from '../problem.ts'
import type { ServicePort } from '../settings.ts'

/**
 * The process ports that the service definitions give, the later of two for one process and host.
 * Two processes of one host cannot have one port.
 */
export function servicesInForce(
  { services }: Definition,
  hosts: readonly string[],
  findings: Findings,
): ServicePort[] {
  const byProcess = new Map<string, WrittenService>()
  for (const service of services) {
    const key = JSON.stringify([service.process, service.host.toLowerCase()])
    const before = byProcess.get(key)
    if (before && before.port !== service.port) {
      const message =
        `${service.process} stands twice for ${service.host}: ` +
        `this port counts, ${service.port}, not ${before.port}`
      findings.warnings.push(problemFrom(service.origin, message))
    }
    byProcess.set(key, service)
  }
  const inForce = [...byProcess.values()]
  judgePorts(inForce, findings)
  for (const service of inForce) judgeHost(service, hosts, findings)
  return inForce.map(({ process, host, port, secure, external }) => ({
    process,
    host,
    port,
    secure,
    external,
  }))
}

function judgePorts(services: readonly WrittenService[], findings: Findings): void {
  const byPort = new Map<string, WrittenService>()
  for (const service of services) {
    const key = JSON.stringify([service.host.toLowerCase(), service.port])
    const other = byPort.get(key)
    if (!other) {
      byPort.set(key, service)
      continue
    }
    const message =
      `${other.process} and ${service.process} both have port ${service.port} ` +
      `on ${service.host}: expected one each`
    findings.errors.push(problemFrom(service.origin, message))
  }
}

/** A host that the definition does not know is no mistake as such: the process may live elsewhere. */
function judgeHost(service: WrittenService, hosts: readonly string[], findings: Findings): void {
  if (service.external || service.host === 'localhost' || hosts.length < 2) return
  if (hosts.some((host) => isSameHost(host, service.host))) return
  const meant = nearest(service.host, hosts)
  const hint = meant === null ? '' : `; did you mean "${meant}"?`
  const message = `${service.process} is on ${service.host}, which is no host of the definition${hint}`
  findings.warnings.push(problemFrom(service.origin, message))
}
