import { addresseesOf } from '../model/request.ts'
import type { SubscriberAction } from '../subscriber/subscriber-action.ts'
import type { Transport } from '../transport/transport.ts'
import { encodeRequest } from '../wire/frames/request-codec.ts'

/** Has the transport do what the subscriber wants done of it. */
export function perform(action: SubscriberAction, transport: Transport): void {
  if (action.type === 'request')
    transport.request(encodeRequest(action.request), addresseesOf(action.request))
  else if (action.type === 'renew') transport.renew(action.hop, action.incarnation)
  else if (action.type === 'subscribe') transport.subscribe(action.topic)
  else transport.unsubscribe(action.topic)
}
