import { expect, it } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import { ManualClock } from '../../test/harness/manual-clock.ts'
import { openGateway } from '../../test/harness/open-gateway.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { ClusterSnapshot } from '../model/cluster-snapshot.ts'
import { type GatewayLimits, gatewayLimits } from './gateway-limits.ts'

/** A gateway, and what GENESIS_CLUSTER answers it: the name of a node, or an error. */
async function stage(limits: Partial<GatewayLimits> = {}) {
  const clock = new ManualClock()
  const asked: number[] = []
  let answer: string | TidingsError = 'one'
  const askCluster = async (): Promise<ClusterSnapshot> => {
    asked.push(clock.now())
    if (answer instanceof TidingsError) throw answer
    return { system: null, node: answer, mode: 'mesh', link: 'multicast', nodes: [] }
  }
  const gateway = await openGateway({ clock, askCluster, limits })
  return {
    ...gateway,
    asked,
    answers: (other: string | TidingsError) => (answer = other),
    later: () => clock.moveBy(gatewayLimits.clusterMs),
  }
}

const away = new TidingsError('CLUSTER_UNREACHABLE', 'nobody is there')

it('G5: answers the state of the cluster, and asks for it once a second at most', async () => {
  const { ask, asked, answers, later } = await stage()
  const all = await Promise.all([ask('/cluster'), ask('/cluster'), ask('/cluster')])
  expect(
    all.map(({ status, text }) => [status, (JSON.parse(text) as { node: string }).node]),
  ).toEqual([1, 2, 3].map(() => [200, 'one']))
  answers('two')
  expect((await ask('/cluster')).text).toContain('"one"')
  later()
  expect((await ask('/cluster')).text).toContain('"two"')
  expect(asked).toHaveLength(2)
})

it('answers 503 with the reason where nobody knows, and asks again', async () => {
  const { ask, answers, later } = await stage()
  answers(away)
  const { status, text, headers } = await ask('/cluster')
  expect({ status, told: JSON.parse(text) as object, later: headers.get('retry-after') }).toEqual({
    status: 503,
    told: { status: 503, detail: 'nobody is there', code: 'CLUSTER_UNREACHABLE' },
    later: '1',
  })
  answers('one')
  later()
  expect((await ask('/cluster')).status).toBe(200)
})

it('G5: who watches is told at once, and then what is another one than before', async () => {
  const { open, answers, later, asked } = await stage()
  const stream = await open('/cluster?watch')
  await stream.until('cluster')
  later()
  await eventually('it is asked again', () => asked.length === 2)
  answers(away)
  await eventually('it waits', () => (later(), asked.length === 3))
  const [unknown] = await stream.until('unknown')
  expect(unknown?.data).toEqual({ code: 'CLUSTER_UNREACHABLE', detail: 'nobody is there' })
  answers('two')
  await eventually('it is asked again', () => (later(), asked.length > 3))
  await stream.until('cluster', 2)
  expect(stream.named('cluster').map(({ data }) => data['node'])).toEqual(['one', 'two'])
  const late = await open('/cluster?watch', { Accept: 'application/x-ndjson' })
  expect((await late.until('cluster'))[0]?.data['node']).toBe('two')
})

it('G5: where nobody watches nobody is asked', async () => {
  const { open, later, asked } = await stage({ streams: 1 })
  const stream = await open('/cluster?watch')
  await stream.until('cluster')
  stream.leave()
  await eventually('its place is free', async () => {
    const other = await open('/updates')
    return other.response.statusCode === 200
  })
  const before = asked.length
  for (let n = 0; n < 5; n++) {
    later()
    await new Promise(setImmediate)
  }
  expect(asked).toHaveLength(before)
})

it('G5: who comes when nobody has watched for a while is not told what was so then', async () => {
  const { open, answers, later, asked } = await stage({ streams: 1 })
  const stream = await open('/cluster?watch')
  await stream.until('cluster')
  stream.leave()
  await eventually('its place is free', async () => {
    const other = await open('/updates')
    return other.response.statusCode === 200 && (other.leave(), true)
  })
  later()
  answers(away)
  const before = asked.length
  const late = await open('/cluster?watch')
  await eventually('it is asked again', () => (later(), asked.length > before))
  const [first] = await late.until('unknown')
  expect(first?.data).toEqual({ code: 'CLUSTER_UNREACHABLE', detail: 'nobody is there' })
  expect(late.named('cluster')).toEqual([])
})

it('other parameters are refused', async () => {
  const { ask } = await stage()
  expect((await ask('/cluster?wach')).text).toContain('there is watch')
})
