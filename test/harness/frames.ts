import type { Message } from '../../src/model/message.ts'
import { joinFrames } from '../../src/transport/zeromq/connections/joined-frames.ts'
import { decodeMessage } from '../../src/wire/frames/message-codec.ts'
import type { Refused } from '../../src/wire/refused.ts'
import { refused } from '../../src/wire/refused.ts'

/** What came as frames to what it says, as a process reads it. */
export function decodeFrames(frames: readonly Uint8Array[]): Message | Refused {
  const message = joinFrames(frames)
  return message === null ? refused('bad-frames') : decodeMessage(message)
}
