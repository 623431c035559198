import { expect, test } from 'vitest'
import { ReceptionReport } from './reception-report.ts'

const settings = { group: '239.192.84.73', port: 6000, datagramBytes: 1_400 }
const reception = { node: 'b', way: 'group' as const, isMissed: false, heard: 0, repaired: 0 }
const none: ReadonlyMap<string, number> = new Map()

test('a node that is not heard is told with what to do, once a minute', () => {
  const report = new ReceptionReport(settings, 0)
  const missed = [{ ...reception, isMissed: true }]
  const [words] = report.tick(missed, none, 0)
  expect(words).toMatch(/^datagrams of b do not come by multicast.*UDP to 239.192.84.73:6000/)
  expect(report.tick(missed, none, 59_999)).toEqual([])
  expect(report.tick(missed, none, 60_000)).toEqual([words])
})

test('a share that was sent again is told where it is large, of enough datagrams', () => {
  const report = new ReceptionReport(settings, 0)
  const at = (heard: number, repaired: number, now: number) =>
    report.tick([{ ...reception, heard, repaired }], none, now)
  expect(at(500, 500, 10_000)).toEqual([])
  expect(at(590, 600, 20_000)).toEqual([])
  expect(at(1_590, 610, 30_000)).toEqual([])
  expect(at(2_540, 660, 40_000)).toEqual([expect.stringMatching(/^5.0 % of the datagrams of b/)])
  expect(report.lostShares).toEqual(new Map([['b', 0.05]]))
  expect(at(0, 0, 50_000)).toEqual([])
  expect(report.lostShares).toEqual(new Map())
})

test('of what the channel carried no share is told: it is not known what the group lost', () => {
  const report = new ReceptionReport(settings, 0)
  const at = (way: 'group' | 'channel', heard: number, now: number) =>
    report.tick([{ ...reception, way, heard, repaired: heard }], none, now)
  expect(at('group', 500, 10_000)).toEqual([])
  expect(at('channel', 1_000, 20_000)).toEqual([])
  expect(report.lostShares).toEqual(new Map())
  expect(at('group', 1_500, 30_000)).toEqual([expect.stringMatching(/^50.0 % of the datagrams/)])
})

test('datagrams that no key of the cluster has sealed are told while they come, once a minute', () => {
  const report = new ReceptionReport(settings, 0)
  const dropped = (count: number) =>
    new Map([
      ['not-opened', count],
      ['not-sealed', 1],
      ['double', 9],
    ])
  expect(report.tick([], dropped(2), 10_000)).toEqual([
    expect.stringMatching(
      /^datagrams at 239.192.84.73:6000 .* were dropped, 3 so far: none of its keys/,
    ),
  ])
  expect(report.tick([], dropped(5), 20_000)).toEqual([])
  expect(report.tick([], dropped(5), 90_000)).toEqual([])
})

test('datagrams of another cluster are told while they come', () => {
  const report = new ReceptionReport(settings, 0)
  expect(report.tick([], new Map([['other-cluster', 3]]), 10_000)).toEqual([
    expect.stringMatching(/^another cluster uses .*TidingsMulticastGroup/),
  ])
  expect(report.tick([], new Map([['other-cluster', 3]]), 90_000)).toEqual([])
})
