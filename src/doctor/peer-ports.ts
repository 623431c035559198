import { type Examined, examined, type Finding, notExamined, problem } from './finding.ts'
import { type Greeting, greetingOf } from './greeting.ts'
import { hostPort } from '../base/host-port.ts'
import { hasOthers } from '../definition/settings.ts'
import { answerWithinMs, type Ground, otherNodes } from './ground.ts'

/** Whether the ports of the other nodes are reached from here. */
export async function examinePeerPorts(ground: Ground): Promise<Examined> {
  const { settings } = ground
  if (!hasOthers(settings)) return notExamined('ports there', 'there is no other node')
  const targets = otherNodes(ground).flatMap(({ name, address, ports }) => {
    const wanted = [ports.cluster, ports.relay]
    return address === null ? [] : wanted.map((port) => ({ name, address, port }))
  })
  if (targets.length === 0)
    return notExamined('ports there', 'no other host has an address that is known here')
  const found = await Promise.all(targets.map((target) => findingsOf(target)))
  return examined('ports there', `${targets.length} ports of other nodes answer`, found.flat())
}

interface Target {
  readonly name: string
  readonly address: string
  readonly port: number
}

async function findingsOf({ name, address, port }: Target): Promise<Finding[]> {
  const greeting = await greetingOf(address, port, answerWithinMs)
  if (greeting === 'zeromq') return []
  const [what, remedy] = told(greeting, name, port)
  return [problem(`${hostPort(address, port)} of the node ${name} ${what}`, remedy)]
}

function told(greeting: Greeting, node: string, port: number): [what: string, remedy: string] {
  switch (greeting) {
    case 'refused':
      return [
        'refuses the connection: nobody listens there',
        `start GENESIS_CLUSTER on ${node}, with the same definition: tidings cluster`,
      ]
    case 'silent':
      return [
        `does not answer within ${answerWithinMs} ms`,
        `open TCP ${port} between the hosts in their firewalls, or start the host`,
      ]
    case 'unreachable':
      return [
        'cannot be reached from here: the network has no way there',
        'correct the address of the host, or the routes of the network',
      ]
    default:
      return [
        'is answered by something that is not ZeroMQ',
        'give the ports of the definition to nobody else, or give GENESIS_CLUSTER others',
      ]
  }
}
