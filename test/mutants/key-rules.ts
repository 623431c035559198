import { type Rule, rule } from './rule.ts'

const accessList = 'src/sockets/access-list.test.ts'
const keys = 'src/sockets/keys/keys.test.ts'
const handshakes = 'src/sockets/handshakes.test.ts'

/** Who is let in where there are keys: Z7. */
export const keyRules: readonly Rule[] = [
  rule(
    'Z7.1',
    'Where there are keys, nobody is let in without one',
    'who has none is let in',
    [
      'sockets/access-list.ts',
      'return publicKey !== null && this.#keys.accepts(publicKey)',
      'return publicKey === null || this.#keys.accepts(publicKey)',
    ],
    [accessList, 'Z7: with keys nobody is let in without one, wherever it comes from'],
  ),
  rule(
    'Z7.2',
    'A key does not let in from an address that is not listed',
    'a key is enough',
    [
      'sockets/access-list.ts',
      'return isListed && fits',
      'return publicKey === null ? isListed && fits : fits',
    ],
    [accessList, 'Z7: a key does not let in from an address that is not listed'],
  ),
  rule(
    'Z7.3',
    'Where there are keys, every port demands one before anything else is said',
    'the ports demand none',
    ['sockets/socket-options.ts', '...(keys && curveServer(keys.own))', '...(keys && {})'],
    ['src/sockets/socket-options.test.ts', 'Z7: demands a key on every bound socket'],
  ),
  rule(
    'Z7.4',
    'Where a key does not fit, the next of the ring is tried',
    'it is tried for ever',
    ['sockets/keys/key-choice.ts', 'ring[(place + 1) % ring.length]', 'ring[place % ring.length]'],
    [
      'src/sockets/keys/key-choice.test.ts',
      'Z7: where a key does not fit the next of the ring is tried, round and round',
    ],
  ),
  rule(
    'Z7.5',
    'A key that comes into the file is accepted from then on',
    'the keys of the start are, for ever',
    ['sockets/keys/keys.ts', 'this.#publicKeys = publicKeysOf(taken)', ''],
    [
      keys,
      'Z7: a key that comes into the file is accepted, and who is connected by another one stays',
    ],
  ),
  rule(
    'Z7.6',
    'The key that our own ports have is accepted as long as they have it',
    'it is accepted as long as the file has it',
    ['sockets/keys/keys.ts', 'hasOwn ? ring : [...ring, this.own]', 'ring'],
    [
      keys,
      'Z7: the ports keep the key that they were bound with, and who has it is let in as long',
    ],
  ),
  rule(
    'Z7.7',
    'A key file that others may read is not taken',
    'it is',
    ['base/secret-file.ts', 'if ((mode & others) === 0) return null', 'return null'],
    [keys, 'Z7: a file that others may read from now on is not taken'],
  ),
  rule(
    'Z7.8',
    'A handshake that is refused is told as such, and not as a host out of reach',
    'it is not told',
    [
      'sockets/handshakes.ts',
      'codeOf(event) === mechanismMismatch ? this.#withoutKey() : null',
      'null',
    ],
    [handshakes, 'Z7: a handshake that is refused is no host out of reach: what is wrong is told'],
  ),
  rule(
    'Z7.9',
    'Who breaks handshakes off without a word is asked how its connections are secured, when each key was tried',
    'it is taken for a host out of reach',
    ['sockets/handshakes.ts', 'this.#brokenOff += 1', ''],
    [handshakes, 'Z7: who breaks handshakes off without a word is asked, once each key was tried'],
  ),
  rule(
    'Z7.10',
    'Whoever comes to the port of the intake says the password before anything else',
    'it is read whatever it says',
    ['intake/zmtp-reader.ts', 'if (!body.equals(this.#hello))', 'if (body.length === 0)'],
    [
      'src/intake/zmtp-reader.test.ts',
      'Z7: is put out where it does not know the password: it says another',
    ],
  ),
  rule(
    'Z7.11',
    'A connection by a key that was taken out of the file is made again with one that is in it',
    'where the file has one key, there is no other one',
    [
      'sockets/keys/key-choice.ts',
      'return this.#keys.ring.some((each) => each.public !== used.public)',
      'return this.#keys.ring.length > 1',
    ],
    [
      'src/sockets/keys/key-choice.test.ts',
      'Z7: a connection by a key that was taken out of the ring since is made again with one that is in it',
    ],
  ),
  rule(
    'Z7.12',
    'Who has a key at its ports that is taken out of the file says so',
    'it does not where those left stand where they stood',
    ['sockets/keys/keys.ts', 'ring.length === this.#inFile.length &&', ''],
    [
      keys,
      'Z7: who has a key at its ports that is taken out says so, also where it was the last of the file',
    ],
  ),
  rule(
    'Z7.13',
    'A key that was not tried yet is passed over by no failure of the one before',
    'each failure is one of the key that was chosen last',
    [
      'sockets/keys/key-choice.ts',
      'const pair = this.#used(endpoint)',
      'const pair = this.#chosen(endpoint)',
    ],
    [
      'src/sockets/keys/key-choice.test.ts',
      'Z7: what fails again before the next key is tried is the old one, and the next is not passed over',
    ],
  ),
]
