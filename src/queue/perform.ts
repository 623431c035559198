import { addresseesOf, type Request } from '../model/request.ts'
import type { SubscriberAction } from '../subscriber/subscriber-action.ts'
import type { Transport } from '../transport/transport.ts'
import { encodeRequest } from '../wire/frames/request-codec.ts'

/** Has the transport do what the subscriber wants done of it. Our own publisher is asked, too, and not over the network. */
export function perform(
  action: SubscriberAction,
  transport: Transport,
  askOwn: (request: Request) => void,
): void {
  if (action.type === 'request') {
    transport.request(encodeRequest(action.request), addresseesOf(action.request))
    askOwn(action.request)
  } else if (action.type === 'renew') transport.renew(action.hop, action.incarnation)
  else if (action.type === 'subscribe') transport.subscribe(action.topic)
  else transport.unsubscribe(action.topic)
}
