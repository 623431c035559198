import { Dealer } from 'zeromq'
import type { Registration } from '../../src/model/roster-entry.ts'
import { encodeProcessMessage } from '../../src/registration/registration-message.ts'
import { registrationOf } from './registrant.ts'
import { opened } from './wire-tap.ts'

/** Registers so many processes on one connection, as any program of this machine may, and reads what comes back. */
export async function registerMany(
  endpoint: string,
  node: string,
  count: number,
  one: (id: number) => Partial<Registration>,
): Promise<void> {
  const dealer = opened(new Dealer({ linger: 0 }))
  dealer.connect(endpoint)
  const reading = async (): Promise<void> => {
    for await (const _ of dealer) if (dealer.closed) return
  }
  reading().catch(() => {})
  const seen = { history: null, version: 0 }
  for (let id = 0; id < count; id += 1) {
    const registration = registrationOf(node, one(id))
    const message = { type: 'register', id, seen, registration, wantsPort: false } as const
    await dealer.send(encodeProcessMessage(message))
  }
}

/** The same, of names alone: `PROCESS_0` and so on. */
export const registerNames = (endpoint: string, node: string, names: number): Promise<void> =>
  registerMany(endpoint, node, names, (id) => ({ process: `PROCESS_${id}` }))
