import { mutateBytes } from './byte-mutation.ts'
import type { Dice } from './dice.ts'
import { hostileNames } from './names.ts'
import { jsonValue } from './records.ts'

type Parent = unknown[] | Record<string, unknown>

const isParent = (value: unknown): value is Parent => typeof value === 'object' && value !== null

function strangeValue(dice: Dice): unknown {
  const roll = dice.random()
  if (roll < 0.4) return jsonValue(dice, 3)
  if (roll < 0.6) return dice.pick([0, -1, 1e15, 1e300, 2 ** 53, 2 ** 53 - 1, 65_536, 0.5])
  if (roll < 0.8) return dice.pick([...hostileNames, 'f'.repeat(32), 'x'.repeat(300), '*'])
  return dice.many(dice.few(300), () => dice.pick([1e15, 0, '', '\u0001', null]))
}

/** Sets an own property, whatever its name. */
function put(parent: Parent, key: string, value: unknown): void {
  Object.defineProperty(parent, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  })
}

function change(dice: Dice, parent: Parent): void {
  const keys = Object.keys(parent)
  const key = keys[dice.below(keys.length)]
  if (key === undefined || dice.chance(0.15)) {
    if (Array.isArray(parent)) parent.push(strangeValue(dice))
    else put(parent, dice.pick(hostileNames), strangeValue(dice))
    return
  }
  const value = (parent as Record<string, unknown>)[key]
  if (isParent(value) && dice.chance(0.75)) return change(dice, value)
  const roll = dice.random()
  if (roll < 0.6) put(parent, key, strangeValue(dice))
  else if (roll < 0.75 && !Array.isArray(parent)) delete parent[key]
  else if (roll < 0.9 && Array.isArray(parent)) parent.push(...dice.many(dice.few(20), () => value))
  else put(parent, dice.pick(keys), value)
}

/** Changes the tree that a JSON text stands for; now and then, or where it is none, the text. */
export function mutateJson(dice: Dice, bytes: Buffer, other: Buffer): Buffer {
  if (dice.chance(0.15)) return mutateBytes(dice, bytes, other)
  let tree: unknown
  try {
    tree = JSON.parse(bytes.toString())
  } catch {
    return mutateBytes(dice, bytes, other)
  }
  const root = { tree }
  for (let changes = 1 + dice.few(3); changes > 0; changes--) change(dice, root)
  if (root.tree === undefined) return Buffer.alloc(0)
  return Buffer.from(JSON.stringify(root.tree))
}
