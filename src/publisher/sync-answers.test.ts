import { expect, it } from 'vitest'
import { RecordedPublisher } from '../../test/harness/recorded-publisher.ts'

const askerOf = (place: number) => place.toString(16).padStart(32, '0')

it('D21: of 30,000 syncs for one table no mark answers more than 10,000, and each is answered once', () => {
  const stage = new RecordedPublisher()
  stage.publish(1)
  for (let place = 1; place <= 30_000; place++) stage.sync(['A'], place, askerOf(place))
  stage.pass(20)
  const marks = stage.of('mark')
  for (const { answers } of marks) expect(answers.length).toBeLessThanOrEqual(10_000)
  const answered = marks.flatMap(({ answers }) => answers)
  expect(answered).toHaveLength(30_000)
  expect(new Set(answered.map(({ subscriber }) => subscriber)).size).toBe(30_000)
  expect(marks.map(({ table, last }) => ({ table, last }))).toEqual(
    marks.map(() => ({ table: 'A', last: 1 })),
  )
})

it('D21: syncs that name a table 65,536 times are answered, and so is who asks later', () => {
  const stage = new RecordedPublisher()
  stage.publish(1)
  const tables = Array.from({ length: 65_536 }, () => 'A')
  for (let nonce = 1; nonce <= 5; nonce++) stage.sync(tables, nonce)
  stage.pass(20)
  expect(stage.of('vector').map(({ nonce }) => nonce)).toEqual([1, 2, 3, 4, 5])
  stage.sync(['A'], 6)
  stage.pass(200)
  expect(stage.of('mark').at(-1)?.answers).toMatchObject([{ nonce: 6 }])
})

it('D21: what answers syncs at one moment is bounded, and the rest follows in its order', () => {
  const tables = Array.from({ length: 100 }, (_, place) => `TABLE_${place}`)
  const stage = new RecordedPublisher({ syncAnswerBytes: 10_000 }, tables)
  for (let nonce = 1; nonce <= 30; nonce++) stage.sync('*', nonce, askerOf(nonce))
  for (let nonce = 31; nonce <= 60; nonce++) stage.sync(tables, nonce, askerOf(nonce))
  stage.pass(2_000)
  const moments = new Map<number, number[]>()
  for (const { message, at } of stage.sent)
    if (message.kind === 'vector') moments.set(at, [...(moments.get(at) ?? []), message.nonce])
  expect([...moments.values()].flat()).toEqual(Array.from({ length: 60 }, (_, place) => place + 1))
  const [first, ...others] = moments.keys()
  // Those of 100 tables have more than 2,000 bytes each, and their marks more than 12,800.
  expect(moments.get(first as number)?.length).toBeLessThan(40)
  expect(others.length).toBeGreaterThan(15)
  for (const [place, at] of others.entries()) expect(at).toBe((first as number) + 20 * (place + 1))
  for (const [at, nonces] of moments)
    for (const table of tables)
      expect(
        stage.sent.flatMap(({ message, at: sentAt }) =>
          message.kind === 'mark' && sentAt === at && message.table === table
            ? message.answers.map(({ nonce }) => nonce)
            : [],
        ),
      ).toEqual(nonces.filter((nonce) => nonce > 30))
})
