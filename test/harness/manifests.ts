import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DaemonSet } from 'kubernetes-models/apps/v1/DaemonSet'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import type { IContainer } from 'kubernetes-models/v1/Container'
import { Service } from 'kubernetes-models/v1/Service'
import { parse } from 'yaml'
import { root } from './pages.ts'

export type Container = IContainer

const folder = join(root, 'deploy', 'kubernetes')

/** The manifests of deploy/kubernetes/, each as the schema of its kind has it. */
export interface Manifests {
  readonly ConfigMap: ConfigMap
  readonly DaemonSet: DaemonSet
  readonly Deployment: Deployment
  readonly Service: Service
}

export function readManifests(): Manifests {
  const files = readdirSync(folder).filter((file) => file.endsWith('.yml'))
  const documents = files.map((file): unknown => parse(readFileSync(join(folder, file), 'utf8')))
  const only = <Kind>(is: (value: unknown) => value is Kind): Kind => {
    const [first, ...others] = documents.filter(is)
    if (first === undefined || others.length > 0) throw new Error('one manifest of each kind')
    return first
  }
  return {
    ConfigMap: new ConfigMap(only(ConfigMap.is)),
    DaemonSet: new DaemonSet(only(DaemonSet.is)),
    Deployment: new Deployment(only(Deployment.is)),
    Service: new Service(only(Service.is)),
  }
}
