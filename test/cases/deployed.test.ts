// What deploy/ has for compose and for Kubernetes, run without either: commands, environment, health checks and probes, with the
// installed package. A machine with a network of its own stands for one that Docker or the kubelet runs on.
import { execFileSync } from 'node:child_process'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import { programOf, readCompose } from '../harness/compose.ts'
import { eventually } from '../harness/eventually.ts'
import { type Container, readManifests } from '../harness/manifests.ts'
import { NameService } from '../harness/name-server.ts'
import { type Machine, Network } from '../harness/network.ts'
import { read, root } from '../harness/pages.ts'
import { container, inside } from '../harness/place.ts'
import { Product } from '../harness/product.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

type Environment = Readonly<Record<string, string>>

/** The folder of the application, as the Dockerfile has it at /srv/app. */
function application(): Product {
  const product = new Product()
  cpSync(join(root, 'deploy', 'application'), product.folder, { recursive: true })
  return product
}

function begin(
  name: string,
  words: readonly string[],
  env: Environment,
  cwd: string,
  machine: Machine,
) {
  const place = inside(machine.place, container)
  return new Child({ name, arguments: words, env, cwd, place, ipc: false, keepsOutput: true })
}

it.runIf(available('the compose file of deploy/', 'container', 'network'))(
  'compose: GENESIS_CLUSTER gets healthy, the desk prints orders, and all end in good order',
  async () => {
    const { services } = readCompose(read('deploy/docker/compose.yml'))
    const product = application()
    const { folder } = product
    const definition = product.write('shop.kts', read('deploy/docker/shop.kts'))
    const [machine] = new Network(1).machines as [Machine]
    const state = scratchDirectory()
    // Paths of the image, here.
    const at = (value: string) =>
      value.replace('/srv/app/shop.kts', definition).replace('/state', state)
    const start = (name: string): Child => {
      const { command = '', environment = {} } = services[name] ?? {}
      const env = Object.entries(environment).map(([key, value]) => [key, at(value)])
      return begin(name, programOf(command), Object.fromEntries(env), folder, machine)
    }
    const isHealthy = (): boolean => {
      const [, , ...words] = services['cluster']?.healthcheck?.test ?? []
      try {
        machine.run(process.execPath, ...words)
        return true
      } catch {
        return false
      }
    }
    expect(isHealthy()).toBe(false)
    const cluster = start('cluster')
    await eventually('GENESIS_CLUSTER is healthy', isHealthy)
    const others = Object.keys(services)
      .filter((name) => name !== 'cluster' && name !== 'network')
      .map(start)
    const desk = others.find(({ name }) => name === 'desk')
    await desk?.prints(/^order \d+ of /)
    for (const each of [...others, cluster])
      expect(await each.end('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(desk?.log).not.toContain('read again')
  },
)

/** What the kubelet gives a container of the pod with this name on this machine. */
function environmentOf({ env = [] }: Container, machine: Machine, pod: string): Environment {
  const fields: Environment = { 'spec.nodeName': machine.name, 'metadata.name': pod }
  const given = env.map(({ name, value, valueFrom }) => {
    const path = valueFrom?.fieldRef?.fieldPath
    return [name, value ?? (path === undefined ? '' : (fields[path] ?? ''))]
  })
  return Object.fromEntries(given) as Environment
}

it.runIf(available('the manifests of deploy/', 'container', 'network'))(
  'Kubernetes: nodes on two machines find each other by the headless service, and an order comes from each pod',
  async () => {
    const { ConfigMap, DaemonSet, Deployment, Service } = readManifests()
    const [node, orders] = [DaemonSet, Deployment].map(
      ({ spec }) => spec?.template.spec?.containers[0],
    ) as [Container, Container]
    const { folder } = application()
    const { machines } = new Network(2)
    const names = new NameService()
    for (const machine of machines) await names.serve(machine)
    const query = `${Service.metadata?.name}.default.svc.cluster.local`
    names.answer({ [query]: machines.map(({ address }) => address) })
    const definition = scratchDirectory()
    for (const [file, text] of Object.entries(ConfigMap.data ?? {}))
      writeFileSync(join(definition, file), text)
    const start = (of: Container, machine: Machine, pod: string, command = of.command): Child => {
      const state = scratchDirectory()
      const env = Object.entries(environmentOf(of, machine, pod)).map(([name, value]) => [
        name,
        value.replace('/etc/tidings', definition).replace('/state', state),
      ])
      return begin(pod, programOf(command ?? []), Object.fromEntries(env), folder, machine)
    }
    const answers = (
      { httpGet }: NonNullable<Container['livenessProbe']>,
      { address, namespace }: Machine,
    ) => {
      const url = `http://${address}:${httpGet?.port}${httpGet?.path}`
      const program = `fetch('${url}').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`
      try {
        execFileSync('ip', ['netns', 'exec', namespace, process.execPath, '-e', program])
        return true
      } catch {
        return false
      }
    }
    const nodes = machines.map((machine, place) => start(node, machine, `tidings-${place}`))
    for (const machine of machines)
      for (const probe of [node.readinessProbe, node.livenessProbe])
        await eventually('the probe is answered', () => probe && answers(probe, machine))
    const [first, second] = machines as [Machine, Machine]
    // Two replicas on one machine, one on the other, and who reads.
    const pods = [first, first, second].map((machine, place) =>
      start(orders, machine, `orders-${place}`),
    )
    const desk = start(orders, second, 'desk', ['node', 'desk.js'])
    for (const { name } of machines) await desk.prints(new RegExp(`^order \\d+ of ${name}$`))
    for (const pod of pods) await pod.prints(/^open$/)
    for (const each of [...pods, desk, ...nodes])
      expect(await each.end('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(desk.log).not.toContain('read again')
  },
)
