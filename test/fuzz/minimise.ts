import { envelopeBytes, isOurs, sealEnvelope } from '../../src/wire/frames/envelope.ts'
import type { Finding } from './judge.ts'
import { isFinding, judge, keyOf } from './judge.ts'
import type { Input, Target } from './target.ts'

/** Tries to go on with at most: a finding is to be read by people, not to be the smallest there is. */
const maxTries = 20_000

/** Makes the checksums of our frames right again. */
const sealed = (input: Input): Input =>
  input.map((frame) => {
    if (frame.length < envelopeBytes || !isOurs(frame)) return frame
    const copy = Buffer.from(frame)
    sealEnvelope(copy)
    return copy
  })

function* smaller(input: Input): Generator<Input> {
  for (let index = 0; index < input.length; index++) yield input.toSpliced(index, 1)
  for (const [index, frame] of input.entries()) {
    for (let size = frame.length >> 1; size > 0; size >>= 1) {
      for (let at = 0; at + size <= frame.length; at += size) {
        yield input.with(index, Buffer.concat([frame.subarray(0, at), frame.subarray(at + size)]))
      }
    }
    for (let at = 0; at < frame.length; at++) {
      if (frame[at] === 0 || frame[at] === 0x30) continue
      const plain = Buffer.from(frame)
      plain[at] = frame.includes(0) ? 0 : 0x30
      yield input.with(index, plain)
    }
  }
}

/** The least that still shows the same fault: frames, then bytes left out, then bytes made plain. */
export function minimise(target: Target, finding: Finding): Finding {
  const key = keyOf(finding)
  let best = finding
  let tries = 0
  for (let improved = true; improved && tries < maxTries;) {
    improved = false
    for (const candidate of smaller(best.input)) {
      if (++tries > maxTries) break
      for (const input of [sealed(candidate), candidate]) {
        const outcome = judge(target, input)
        if (!isFinding(outcome) || keyOf(outcome) !== key) continue
        best = outcome
        improved = true
        break
      }
      if (improved) break
    }
  }
  return best
}
