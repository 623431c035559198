import type { Dice } from './dice.ts'

/** What a target is given: one frame or several, or messages one after the other. */
export type Input = readonly Buffer[]

/** A decoder, or what stands right behind one, and how to reach every room of it. */
export interface Target {
  readonly name: string
  /** How many of all inputs it gets, against the others. */
  readonly weight: number
  /** A valid input, made by the real encoders. */
  valid(dice: Dice): Input
  /** Almost such an input. `other`: another one, to splice with. */
  mutate(dice: Dice, input: Input, other: Input): Input
  /**
   * Gives the input to the decoder; what came out, in a word or two. Throws where a promise does not
   * hold; what the decoder throws is let through: it must not throw.
   */
  run(input: Input): string
  /** The input with each number that says a count or a length at its greatest, one at a time. */
  bombs?(input: Input): Iterable<Input>
  /** The largest there can be of what costs most. */
  heavy?(): Iterable<Input>
}

/** Changes one frame of an input. */
export function mutateOne(
  dice: Dice,
  input: Input,
  other: Input,
  mutate: (dice: Dice, frame: Buffer, other: Buffer) => Buffer,
): Input {
  const place = dice.below(input.length)
  const partner = other[dice.below(other.length)] ?? Buffer.alloc(0)
  return input.map((frame, index) => (index === place ? mutate(dice, frame, partner) : frame))
}

/** For inputs that are sequences of `each` frames: also leaves out, doubles and splices whole messages. */
export function mutateSequence(
  dice: Dice,
  input: Input,
  other: Input,
  each: number,
  mutate: (dice: Dice, message: Input, other: Input) => Input,
): Input {
  const count = Math.floor(input.length / each)
  const at = dice.below(count) * each
  const message = input.slice(at, at + each)
  const partner = other.slice(0, each)
  const roll = dice.random()
  if (roll < 0.75)
    return [...input.slice(0, at), ...mutate(dice, message, partner), ...input.slice(at + each)]
  if (roll < 0.83) return count > 1 ? [...input.slice(0, at), ...input.slice(at + each)] : input
  if (roll < 0.91) return [...input, ...message].slice(0, 8 * each)
  return [...input.slice(0, at), ...other].slice(0, 8 * each)
}
