import { publisherRules } from './publisher-rules.ts'
import { repairRules } from './repair-rules.ts'
import type { Rule } from './rule.ts'
import { subscriberRules } from './subscriber-rules.ts'
import { wireRules } from './wire-rules.ts'

/** Every rule of the wire and of the delivery protocol, by its invariant in docs/DELIVERY.md. */
export const rules: readonly Rule[] = [
  ...wireRules,
  ...publisherRules,
  ...subscriberRules,
  ...repairRules,
]
