import { type Rule, rule } from './rule.ts'

const folder = 'cluster/links/multicast'
const testOf = (name: string) => `src/${folder}/${name}.test.ts`
const node = testOf('multicast-node')

/** What the nodes of the multicast link say to each other beside the group, who is heard, and how they seal: X9 to X14. */
export const channelRules: readonly Rule[] = [
  rule(
    'X9.1',
    'What a node wants is told before what its subscribers ask',
    'it is told behind that',
    [
      `${folder}/multicast-node.ts`,
      'const changes = this.#interest.takeChanges()\n',
      'const changes = (this.#outbox.take((node, frame) => this.#output.toNode(node, frame)), this.#interest.takeChanges())\n',
    ],
    [node, 'X9: what a node wants is subscribed to at the others, before anything is asked'],
  ),
  rule(
    'X9.2',
    'A node that lacks some of what is wanted for a second is told all of it',
    'it never learns of it',
    [`${folder}/multicast-node.ts`, 'else this.#tellAgain(node, other, now)', ''],
    [node, 'X9: who lacks some of what is wanted is told all of it'],
  ),
  rule(
    'X9.3',
    'Changes that do not follow what is known change nothing',
    'they are taken',
    [`${folder}/wanted-topics.ts`, 'if (since !== 0 && since !== this.version(node)) return', ''],
    [testOf('interest'), 'X9: what does not follow what is known changes nothing'],
  ),
  rule(
    'X9.4',
    'Where there is more than can be told everything is asked for',
    'nothing is',
    [
      `${folder}/interest.ts`,
      "this.#isAll ? [''] : this.#prefixes",
      'this.#isAll ? [] : this.#prefixes',
    ],
    [testOf('interest'), 'X9: with more than can be told everything is asked for'],
  ),
  rule(
    'X10.1',
    'A count in a message of the channel is looked at before anything is made of it',
    'it is believed',
    [
      `${folder}/channel-message.ts`,
      'if (count * bytesEach <= reader.end - reader.at) return count',
      'if (count >= bytesEach * 0) return count',
    ],
    [testOf('channel-message'), 'X10: a count is looked at before anything is made of it'],
  ),
  rule(
    'X11.1',
    'An answer to one subscriber goes to the nodes that want it alone',
    'it goes to all',
    [`${folder}/multicast-node.ts`, 'if (!isReply(message)) this', 'if (message) this'],
    [node, 'X11: a reply goes to the node that wants it alone'],
  ),
  rule(
    'X11.2',
    'It comes behind the datagrams that left before it',
    'it overtakes them',
    [
      `${folder}/group-receiver.ts`,
      'if (first.after > origin.given && sender.followingBytes <= this.#limits.heldBytes) return',
      'if (first.after > origin.given && sender.followingBytes < 0) return',
    ],
    [node, 'X11: a reply goes to the node that wants it alone, behind what was sent before it'],
  ),
  rule(
    'X12.1',
    'A datagram counts only if it comes from the address that its node has said',
    'it may come from anywhere',
    [
      `${folder}/group-receiver.ts`,
      "if (way !== 'channel' && way.from !== sender.source) return 'elsewhere'",
      '',
    ],
    [node, 'X12: who is not known, of another cluster, from elsewhere, or sealed is not heard'],
  ),
  rule(
    'X12.2',
    'A session belongs to the node that said it first',
    'another node may take it',
    [
      `${folder}/group-receiver.ts`,
      'if ((this.#bySession.get(session)?.node ?? node) !== node) return',
      '',
    ],
    [node, 'X12: the session of a node is its own'],
  ),
  rule(
    'X12.3',
    'Before a node was told where another one is, that one says nothing else to it',
    'it says what the channel takes',
    [
      `${folder}/multicast-node.ts`,
      'if (this.#others.get(node)?.isGreeted) this.#output',
      'if (this.#others.has(node)) this.#output',
    ],
    [node, 'X12: before a node was told where another one is, that one says nothing else to it'],
  ),
  rule(
    'X13.1',
    'A datagram opens only as it was sealed, its header included',
    'the header is not looked at',
    [
      `${folder}/datagram-seal.ts`,
      '  decipher.setAAD(header)\n',
      '  decipher.setAAD(Buffer.alloc(0))\n',
    ],
    [testOf('datagram-seal'), 'X13: what was sealed opens with the same key'],
  ),
  rule(
    'X13.2',
    'What does not open is dropped',
    'it is taken as it comes',
    [
      `${folder}/group-receiver.ts`,
      "return openDatagram(key, bytes) ?? 'not-opened'",
      'return openDatagram(key, bytes) ?? records',
    ],
    [
      node,
      'X13: what was not sealed as it comes changes nothing: forged, flipped, or not sealed at all',
    ],
  ),
  rule(
    'X13.3',
    'With keys what is not sealed is dropped',
    'it is taken',
    [
      `${folder}/group-receiver.ts`,
      "if (epoch === 0) return 'not-sealed'",
      'if (epoch === 0) return records',
    ],
    [
      node,
      'X13: what was not sealed as it comes changes nothing: forged, flipped, or not sealed at all',
    ],
  ),
  rule(
    'X13.4',
    'Nothing changes before a datagram is opened',
    'its number is known first',
    [
      `${folder}/group-receiver.ts`,
      '    const records = this.#open(sender, datagram, bytes, now)\n',
      '    sender.origin.told(0, sequence, now)\n    const records = this.#open(sender, datagram, bytes, now)\n',
    ],
    [
      node,
      'X13: what was not sealed as it comes changes nothing: forged, flipped, or not sealed at all',
    ],
  ),
  rule(
    'X13.5',
    'That a datagram comes again does not show that the group is heard',
    'it does',
    [
      `${folder}/group-receiver.ts`,
      "way !== 'channel' && sequence > sender.heardTo",
      "way !== 'channel'",
    ],
    [
      node,
      'X13: old datagrams that somebody sends again do not make a node believe that it hears the group',
    ],
  ),
  rule(
    'X13.6',
    'Each number has a nonce of its own',
    'all have the same',
    [
      `${folder}/datagram-seal.ts`,
      '  header.copy(nonce, nonceBytes - 8, sequenceAt, sequenceAt + 8)\n',
      '',
    ],
    [testOf('datagram-seal'), 'X13: the same records under two numbers have nothing in common'],
  ),
  rule(
    'X14.1',
    'The others are told a key before it is used',
    'it is used at once',
    [`${folder}/sealing-keys.ts`, 'this.#nextAt = now + epochToldMs', 'this.#nextAt = now'],
    [
      testOf('sealing-keys'),
      'X14: a new key is told before it is used, and the last one as long as it may be needed',
    ],
  ),
  rule(
    'X14.2',
    'A key is told as long as what it sealed is kept',
    'only until the next one is used',
    [`${folder}/sealing-keys.ts`, 'this.#lastUntil = now + keptMs', 'this.#lastUntil = now'],
    [
      testOf('sealing-keys'),
      'X14: a new key is told before it is used, and the last one as long as it may be needed',
    ],
  ),
  rule(
    'X14.3',
    'A key seals no more than so many datagrams',
    'any number of them',
    [
      `${folder}/sealing-keys.ts`,
      'sent - this.#sentBefore < epochDatagrams',
      'sent - this.#sentBefore < Infinity',
    ],
    [testOf('sealing-keys'), 'X14: after so many datagrams a key is used no more, too'],
  ),
  rule(
    'X14.4',
    'A receiver opens with a key until some seconds after the next one was told',
    'for ever',
    [`${folder}/opening-keys.ts`, 'now + this.#limits.epochKeptMs', 'Infinity'],
    [
      testOf('sealing-keys'),
      'X14: a receiver opens with a key until some seconds after the next one was told',
    ],
  ),
]
