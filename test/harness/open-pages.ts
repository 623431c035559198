import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { liveTable } from '../../src/live/open-live.ts'
import { openAccountStage } from './account-stage.ts'

/** A database, who changes it, and another process with live tables of it that pages may ask for. */
export async function openLiveStage() {
  const stage = await openAccountStage()
  const { publisher, subscriber, commit, account, accounts, entries } = stage
  const ACCOUNT = await liveTable(subscriber, { table: 'ACCOUNT', ...accounts })
  const ENTRY = await liveTable(subscriber, { table: 'ENTRY', ...entries })
  onTestFinished(() => ACCOUNT.close())
  onTestFinished(() => ENTRY.close())
  /** Commits these amounts of accounts, and waits until the live tables have them. */
  const put = async (amounts: Readonly<Record<string, number>>, owner = 'A'): Promise<void> => {
    commit((change) => {
      for (const [id, amount] of Object.entries(amounts))
        change.put('ACCOUNT', account(id, amount, owner))
    })
    await publisher.flush()
    await ACCOUNT.settled()
  }
  const remove = async (id: string): Promise<void> => {
    commit((change) => change.delete('ACCOUNT', account(id, 0)))
    await publisher.flush()
    await ACCOUNT.settled()
  }
  return { ...stage, tables: { ACCOUNT, ENTRY }, put, remove }
}

type Handle = Parameters<typeof createServer>[1] & { readonly close?: () => Promise<void> }

/** A server of an application at a port of this host; closed when the test is over. */
export async function serve(handle: Handle): Promise<string> {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    await handle.close?.()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
