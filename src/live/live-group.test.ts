import { expect, it, onTestFinished } from 'vitest'
import { openAccountStage } from '../../test/harness/account-stage.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { openGroup } from './open-live.ts'
import { TableView } from './table-view.ts'

it('L5: what a delivery has of a commit that was lost in part is read again', async () => {
  const { database, publisher, subscriber, account, accounts } = await openAccountStage()
  // Each delivery of the queue as if another table of its commit had been lost.
  const subscribe: UpdateQueue['subscribe'] = (tables, options = {}) =>
    subscriber.subscribe(tables as never, {
      ...(options as object),
      onDelivery: (delivery) =>
        options.onDelivery?.({ ...delivery, incomplete: true } as unknown as never),
    }) as never
  const queue = { subscribe } as UpdateQueue
  const group = await openGroup(queue, 'liveTable()', { ACCOUNT: accounts as never }, {})
  onTestFinished(() => group.close())
  const update = database.commit((change) => change.put('ACCOUNT', account('a', 1)))
  await group.seen(publisher.publish(update).token)
  const view = new TableView(group, 'ACCOUNT')
  expect(view.get('a')).toEqual(account('a', 1))
  expect(view.stats()).toMatchObject({ applied: 0, doubted: 1, reads: 2 })
})
