import { argv } from 'node:process'
import type { Found } from './campaign.ts'
import { Campaign } from './campaign.ts'
import { everyTarget } from './targets/every-target.ts'

/** Valid inputs of a target whose counts and lengths are set to their greatest, one by one: each takes up to seconds. */
const exploded = 5

const [seed, ...names] = argv.slice(2)
// The one who asked is gone: nobody wants to know.
process.once('disconnect', () => process.exit())
for (const target of everyTarget.filter(({ name }) => names.includes(name))) {
  const campaign = new Campaign(target, Number(seed))
  campaign.explode(exploded)
  const { inputs, outcomes, findings } = campaign
  const found: Found = {
    target: target.name,
    inputs,
    outcomes: [...outcomes],
    findings: [...findings.values()],
  }
  await new Promise((sent) => process.send?.(found, sent))
}
process.disconnect()
