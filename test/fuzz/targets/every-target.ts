import type { Target } from '../target.ts'
import { publisherTarget, subscriberTarget } from './core-targets.ts'
import { definitionTargets } from './definition-targets.ts'
import { exactJsonTarget } from './exact-json-target.ts'
import { keyFileTarget } from './key-file-target.ts'
import { messageTarget } from './message-target.ts'
import { channelTarget, datagramTarget, multicastTarget } from './multicast-targets.ts'
import { requestTarget } from './request-target.ts'
import {
  clusterMessageTarget,
  registrationTarget,
  rosterFileTarget,
  whisperTarget,
} from './roster-targets.ts'
import { foreignTarget, mixedTarget, topicTarget } from './text-targets.ts'
import { sealedTarget } from './sealed-target.ts'
import { zmtpTarget } from './zmtp-target.ts'
import { zreTarget } from './zre-target.ts'

/** Every decoder of bytes and texts that come from outside. */
export const everyTarget: readonly Target[] = [
  messageTarget,
  requestTarget,
  foreignTarget,
  zmtpTarget,
  topicTarget,
  mixedTarget,
  exactJsonTarget,
  zreTarget,
  datagramTarget,
  channelTarget,
  multicastTarget,
  sealedTarget,
  registrationTarget,
  clusterMessageTarget,
  whisperTarget,
  rosterFileTarget,
  subscriberTarget,
  publisherTarget,
  keyFileTarget,
  ...definitionTargets,
]
