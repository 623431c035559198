import { boundRules } from './bound-rules.ts'
import { captureRules } from './capture-rules.ts'
import { channelRules } from './channel-rules.ts'
import { deliveryRules } from './delivery-rules.ts'
import { endingRules } from './ending-rules.ts'
import { flushRules } from './flush-rules.ts'
import { foreignRules } from './foreign-rules.ts'
import { frameRules } from './frame-rules.ts'
import { gatewayRules } from './gateway-rules.ts'
import { keyRules } from './key-rules.ts'
import { mqttRules } from './mqtt-rules.ts'
import { multicastRules } from './multicast-rules.ts'
import { liveRules } from './live-rules.ts'
import { nameRules } from './name-rules.ts'
import { nodeRules } from './node-rules.ts'
import { numberRules } from './number-rules.ts'
import { pathRules } from './path-rules.ts'
import { repairRules } from './repair-rules.ts'
import { resetRules } from './reset-rules.ts'
import { rosterRules } from './roster-rules.ts'
import { silenceRules } from './silence-rules.ts'
import { syncRules } from './sync-rules.ts'
import type { Rule } from './rule.ts'
import { pageRules } from './page-rules.ts'
import { tokenRules } from './token-rules.ts'
import { versionRules } from './version-rules.ts'

/** Every rule of the wire and of the delivery protocol, by its invariant in docs/PROTOCOL.md. */
export const rules: readonly Rule[] = [
  ...frameRules,
  ...foreignRules,
  ...numberRules,
  ...deliveryRules,
  ...pathRules,
  ...silenceRules,
  ...syncRules,
  ...repairRules,
  ...flushRules,
  ...endingRules,
  ...boundRules,
  ...rosterRules,
  ...nameRules,
  ...nodeRules,
  ...keyRules,
  ...versionRules,
  ...multicastRules,
  ...channelRules,
  ...mqttRules,
  ...resetRules,
  ...tokenRules,
  ...liveRules,
  ...captureRules,
  ...gatewayRules,
  ...pageRules,
]
