import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Campaign } from './campaign.ts'
import { keptTargets, parseKept, readCorpus } from './corpus.ts'
import { Dice } from './dice.ts'
import { judge, judgeBomb } from './judge.ts'
import { minimise } from './minimise.ts'
import { plantedFaults } from './planted-faults.ts'
import { everyTarget } from './targets/every-target.ts'

const seed = 20_260_701
const names = everyTarget.map(({ name }) => name)

/** Without its bytes beyond the first few: half a megabyte of numbers hides what was found. */
const told = ({ findings }: Campaign): string[] =>
  [...findings.values()].map(({ kind, what, place, input }) => {
    const bytes = Buffer.concat(input)
    return `${kind}: ${what} ${place} ${bytes.length} bytes: ${bytes.toString('hex', 0, 200)}`
  })

describe('what was found once', () => {
  it('is of targets that there are', () => {
    expect(names).toEqual(expect.arrayContaining(keptTargets()))
  })

  for (const target of everyTarget) {
    it.for(readCorpus(target.name))(
      `$name, given to ${target.name}, does no harm`,
      ({ why, input }) => {
        expect(why).not.toBe('')
        expect(judgeBomb(target, input)).toEqual(expect.any(String))
      },
    )
  }

  it('is read as it was written', () => {
    const kept = parseKept('x.hex', '# why\n# so\n0aff\n-\n')
    expect(kept).toEqual({
      name: 'x.hex',
      why: 'why so',
      input: [Buffer.from([10, 255]), Buffer.alloc(0)],
    })
  })
})

describe.each(everyTarget)('$name', (target) => {
  it('accepts what the encoders make', () => {
    const campaign = new Campaign(target, seed)
    campaign.explode(3)
    expect(told(campaign)).toEqual([])
  })

  it('gives an outcome for whatever else comes, in time', async () => {
    const campaign = new Campaign(target, seed)
    await campaign.run({ inputs: 3_000 })
    expect(told(campaign)).toEqual([])
    expect(campaign.outcomes.size).toBeGreaterThan(1)
  })
})

/** What turns an input away before anything behind the decoder sees it. */
const doors = [
  'refused',
  'damaged',
  'another version',
  'refused by its registry',
  'hello refused',
  'hello of a stranger',
]

it.each(everyTarget)('$name: what others are made of is not turned away at a door', (target) => {
  const dice = new Dice(seed)
  const outcomes = dice.many(300, () => target.run(target.valid(dice)))
  const turnedAway = outcomes.filter((outcome) => doors.includes(outcome))
  expect(turnedAway.length).toBeLessThan(outcomes.length / 3)
})

describe('the fuzzer', () => {
  it.each(plantedFaults)('finds $target.name', async ({ target, within, kind }) => {
    const campaign = new Campaign(target, seed)
    campaign.explode(20, 1)
    await campaign.run({ inputs: within, mostFindings: 1 })
    const [finding] = campaign.findings.values()
    expect(finding?.kind).toBe(kind)
  })

  it('makes what it found small, and it still shows the same', async () => {
    const [planted] = plantedFaults
    if (!planted) throw new Error('nothing is planted')
    const campaign = new Campaign(planted.target, seed)
    await campaign.run({ inputs: planted.within, mostFindings: 1 })
    const [finding] = campaign.findings.values()
    if (!finding) throw new Error('nothing was found')
    const least = minimise(planted.target, finding)
    const lengths = [least, finding].map(({ input }) => Buffer.concat([...input]).length)
    expect(lengths[0]).toBeLessThanOrEqual(lengths[1] as number)
    expect(judge(planted.target, least.input)).toMatchObject({
      kind: finding.kind,
      place: finding.place,
    })
  })

  it('has the same inputs and outcomes for one seed', async () => {
    const target = everyTarget[0]
    if (!target) throw new Error('there is no target')
    const digests = [seed, seed, seed + 1].map(async (each) => {
      const campaign = new Campaign(target, each)
      await campaign.run({ inputs: 2_000 })
      return campaign.digest
    })
    const [one, again, other] = await Promise.all(digests)
    expect(again).toBe(one)
    expect(other).not.toBe(one)
  })
})

it('where code cannot be generated, every outcome is the same', async () => {
  const run = async (...flags: string[]) => {
    const script = join(import.meta.dirname, 'run.ts')
    const words = [...flags, script, '--plain', '--inputs', '20000', '--target', 'message']
    const { stdout } = await promisify(execFile)(process.execPath, words)
    return /digest (\w+)/.exec(stdout)?.[1]
  }
  const digest = await run()
  expect(digest).toMatch(/^[0-9a-f]{16}$/)
  expect(await run('--disallow-code-generation-from-strings')).toBe(digest)
})
