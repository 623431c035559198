// The files of deploy/ are what Docker, compose and Kubernetes take, and what the pages say.
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { validate } from 'dockerfile-utils'
import { afterAll, describe, expect, it } from 'vitest'
import { clusterThreads } from '../src/cluster/bus/cluster-threads.ts'
import { loadSettings } from '../src/definition/load-settings.ts'
import { formatProblem } from '../src/definition/problem.ts'
import { readCompose } from './harness/compose.ts'
import { type Container, readManifests } from './harness/manifests.ts'
import { read, root } from './harness/pages.ts'
import { complaints, compileSamples } from './harness/sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'tidings-deploy-'))
afterAll(() => rmSync(folder, { recursive: true }))

const cluster = ['node', 'node_modules/tidings/bin/tidings.js', 'cluster']
const programs = readdirSync(join(root, 'deploy', 'application'))

/** What is wrong with a definition, as `tidings check` says it. */
function errorsOf(text: string, host?: string): string[] {
  const definition = join(folder, 'shop.kts')
  writeFileSync(definition, text)
  const { errors } = loadSettings({ definition, env: {}, ...(host !== undefined && { host }) })
  return errors.map(formatProblem)
}

describe('deploy/docker', () => {
  const compose = readCompose(read('deploy/docker/compose.yml'))
  const { network, cluster: first, ...others } = compose.services

  it('has a Dockerfile in which the linter of its language finds no fault', () => {
    const text = read('deploy/docker/Dockerfile')
    expect(validate(text).map(({ message }) => message)).toEqual([])
    expect(text).toContain(`CMD ${JSON.stringify(cluster).replaceAll(',', ', ')}`)
    expect(text).toContain(`ENV TIDINGS_STATE=${first?.environment?.['TIDINGS_STATE']}`)
  })

  it('has a compose file that its schema and its linter take', () => {
    const file = join(root, 'deploy', 'docker', 'compose.yml')
    expect(complaints(root, 'dclint', '--max-warnings', '0', file)).toBe('')
  })

  it('runs GENESIS_CLUSTER on a volume, with threads enough, and the programs of the example beside it', () => {
    expect(first?.command).toEqual(cluster)
    expect(first?.volumes).toEqual([`state:${first?.environment?.['TIDINGS_STATE']}`])
    expect(first?.environment?.['UV_THREADPOOL_SIZE']).toBe(String(clusterThreads))
    const commands = Object.values(others).map(({ command }) => command)
    expect(commands).toEqual(programs.map((program) => ['node', program]))
  })

  it('has all of them in the network of a container that nobody has to start again', () => {
    expect(network).toMatchObject({ command: ['sleep', 'infinity'], hostname: 'shop' })
    for (const { network_mode } of [first, ...Object.values(others)].flatMap((each) => each ?? []))
      expect(network_mode).toBe('service:network')
  })

  it('has a definition without errors, with the port that the health check asks', () => {
    const text = read('deploy/docker/shop.kts')
    expect(errorsOf(text)).toEqual([])
    const [, port] = /127\.0\.0\.1:(\d+)\/readyz/.exec(String(first?.healthcheck?.test)) ?? []
    expect(text).toContain(`item(name = "TidingsHttpPort", value = ${port})`)
  })
})

describe('deploy/kubernetes', () => {
  const manifests = readManifests()
  const { DaemonSet, Deployment, Service, ConfigMap } = manifests
  const pods = [DaemonSet, Deployment].map(({ spec }) => spec?.template.spec)
  const containers = pods.map((pod) => pod?.containers[0] as Container)
  const [node, application] = containers
  const definition = ConfigMap.data?.['shop.kts'] ?? ''

  it('has manifests that the schemas of Kubernetes take', () => {
    for (const manifest of Object.values(manifests)) expect(() => manifest.validate()).not.toThrow()
  })

  it('names no field that Kubernetes does not know', () => {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir')
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const doors = { ConfigMap: 'v1', Service: 'v1', DaemonSet: 'apps/v1', Deployment: 'apps/v1' }
    for (const [kind, door] of Object.entries(doors)) {
      const value = JSON.stringify(manifests[kind as keyof typeof doors])
      const text = `import type { I${kind} } from 'kubernetes-models/${door}/${kind}'
        export const manifest: I${kind} = ${value}`
      writeFileSync(join(folder, `${kind}.ts`), text)
    }
    expect(compileSamples(folder)).toBe('')
  })

  it('has a definition without errors, whose query is the name of the headless service', () => {
    expect(errorsOf(definition, 'machine-1')).toEqual([])
    expect(Service.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true })
    expect(Service.spec?.selector).toEqual(DaemonSet.spec?.template.metadata?.labels)
    const name = `${Service.metadata?.name}.default.svc.cluster.local`
    expect(definition).toContain(`item(name = "TidingsHostsQuery", value = "${name}")`)
  })

  it('has the probes at the port of the definition, with the patience that OPERATING.md asks for', () => {
    const [, port] = /"TidingsHttpPort", value = "0\.0\.0\.0:(\d+)"/.exec(definition) ?? []
    const { livenessProbe, readinessProbe } = node ?? {}
    expect(livenessProbe?.httpGet).toEqual({ path: '/healthz', port: Number(port) })
    expect(readinessProbe?.httpGet).toEqual({ path: '/readyz', port: Number(port) })
    const [, watchdog] =
      /^WatchdogSec=(\d+)$/m.exec(read('deploy/systemd/tidings-cluster.service')) ?? []
    const { periodSeconds = 10, failureThreshold = 3 } = livenessProbe ?? {}
    expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(Number(watchdog))
  })

  it('has the pods of the application on the network and under the name of their node', () => {
    expect(node?.command).toEqual(cluster)
    expect(programs.map((program) => ['node', program])).toContainEqual(application?.command)
    for (const pod of pods)
      expect(pod).toMatchObject({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' })
    for (const { env } of containers) {
      const host = env?.find(({ name }) => name === 'TIDINGS_HOST')
      expect(host?.valueFrom?.fieldRef?.fieldPath).toBe('spec.nodeName')
      const file = env?.find(({ name }) => name === 'TIDINGS_DEFINITION')
      expect(file?.value).toBe('/etc/tidings/shop.kts')
    }
    const state = node?.env?.find(({ name }) => name === 'TIDINGS_STATE')?.value
    expect(node?.volumeMounts).toContainEqual({ name: 'state', mountPath: state })
  })

  it('names in README.md each file that kubectl applies, and no other', () => {
    const listed = [...read('deploy/kubernetes/README.md').matchAll(/^\| \[(\S+\.yml)\]/gm)]
    const files = readdirSync(join(root, 'deploy', 'kubernetes')).filter((file) =>
      file.endsWith('.yml'),
    )
    expect(new Set(listed.map(([, file]) => file))).toEqual(new Set(files))
    expect(listed).toHaveLength(files.length)
  })
})
