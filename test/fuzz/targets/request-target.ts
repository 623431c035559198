import { decodeRequest, encodeRequest } from '../../../src/wire/frames/request-codec.ts'
import { refusedReasons } from '../../../src/wire/refused.ts'
import { Probe } from '../../../src/transport/zeromq/connections/probe.ts'
import { mutateFrame } from '../frame-mutation.ts'
import { requestFrame } from '../messages.ts'
import { Broken, expectSame } from '../oracle.ts'
import type { Target } from '../target.ts'
import { mutateOne } from '../target.ts'
import { frameBombs } from './message-target.ts'

export const requestTarget: Target = {
  name: 'request',
  weight: 14,
  valid: (dice) => [requestFrame(dice)],
  mutate: (dice, input, other) => mutateOne(dice, input, other, mutateFrame),
  run([frame = Buffer.alloc(0)]) {
    if (Probe.is(frame)) return 'probe'
    const request = decodeRequest(frame)
    if (request.kind !== 'refused') {
      expectSame(decodeRequest(encodeRequest(request)), request, 'encoded again it differs')
      return request.kind
    }
    if (!refusedReasons.includes(request.reason)) throw new Broken(`${request.reason} is no reason`)
    return request.reason
  },
  *bombs([frame = Buffer.alloc(0)]) {
    for (const bomb of frameBombs(frame)) yield [bomb]
  },
}
