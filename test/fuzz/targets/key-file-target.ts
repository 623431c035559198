import { keyFileText, readKeys } from '../../../src/model/key-file-text.ts'
import { newKeyPair, publicKeyOf } from '../../../src/model/key-pair.ts'
import { maxKeyPairs } from '../../../src/model/key-ring.ts'
import { mutateBytes } from '../byte-mutation.ts'
import { Broken } from '../oracle.ts'
import type { Target } from '../target.ts'
import { mutateOne } from '../target.ts'

const pairs = Array.from({ length: maxKeyPairs + 2 }, newKeyPair)

/** Characters of a secret that no message may show. */
const shownOfSecret = 12

/** The text of a key file. */
export const keyFileTarget: Target = {
  name: 'key-file',
  weight: 2,
  valid: (dice) => [Buffer.from(keyFileText(dice.many(1 + dice.few(4), () => dice.pick(pairs))))],
  mutate: (dice, input, other) => mutateOne(dice, input, other, mutateBytes),
  run([bytes = Buffer.alloc(0)]) {
    const text = bytes.toString('utf8')
    const read = readKeys(text)
    if ('ring' in read) {
      if (read.ring.length > maxKeyPairs) throw new Broken(`${read.ring.length} keys`)
      for (const pair of read.ring)
        if (publicKeyOf(pair.secret) !== pair.public) throw new Broken('a pair that is none')
      return 'read'
    }
    if (read.problems.length === 0) throw new Broken('neither keys nor what is wrong')
    const lines = text.split('\n')
    for (const { line, column, message } of read.problems) {
      if (column < 1 || column > (lines[line - 1] ?? '').length + 1)
        throw new Broken(`a place that is not there: ${line}:${column}`)
      if (pairs.some(({ secret }) => message.includes(secret.slice(0, shownOfSecret))))
        throw new Broken('a message shows a secret')
    }
    return 'refused'
  },
}
