import { Dealer } from 'zeromq'
import { encodeProcessMessage } from '../../src/registration/registration-message.ts'
import { registrationOf } from './registrant.ts'
import { opened } from './wire-tap.ts'

/** Says so many names on one connection, as any program of this machine may, and reads what comes back. */
export async function registerNames(endpoint: string, node: string, names: number): Promise<void> {
  const dealer = opened(new Dealer({ linger: 0 }))
  dealer.connect(endpoint)
  const reading = async (): Promise<void> => {
    for await (const _ of dealer) if (dealer.closed) return
  }
  reading().catch(() => {})
  const seen = { history: null, version: 0 }
  for (let id = 0; id < names; id += 1) {
    const registration = registrationOf(node, { process: `PROCESS_${id}` })
    const message = { type: 'register', id, seen, registration, wantsPort: false } as const
    await dealer.send(encodeProcessMessage(message))
  }
}
