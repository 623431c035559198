import { type Rule, rule } from './rule.ts'

const queried = 'src/cluster/access/queried-hosts.test.ts'
const member = 'src/cluster/membership/member.test.ts'

/** Who is a node of the cluster, and who is there: Z2 to Z6, and Z8. */
export const nodeRules: readonly Rule[] = [
  rule(
    'Z2.1',
    'An address of the answer is let in, and greeted, but for those of this node',
    'this node greets itself',
    [
      'cluster/access/queried-hosts.ts',
      '.filter((each) => !own.has(each))',
      '.filter((each) => own.size < 0 || each)',
    ],
    [queried, 'Z2: are let in and greeted as they come, and this node is none of them'],
  ),
  rule(
    'Z2.2',
    'A node that is alive stays, also where the answer has its address no more',
    'it is forgotten',
    [
      'cluster/access/queried-hosts.ts',
      "isThere || this.#options.state(node) !== 'gone'",
      'isThere',
    ],
    [queried, 'Z2: stay while they are alive, also where the answer has them no more'],
  ),
  rule(
    'Z2.3',
    'A node that is gone and in no answer is known for a minute, then forgotten',
    'it is known for good',
    [
      'cluster/access/queried-hosts.ts',
      'if (known.lostAt === null || now - known.lostAt < keptMs) continue',
      'if (known.lostAt === null || now >= 0) continue',
    ],
    [queried, 'Z2: are forgotten a minute after they are gone and in no answer'],
  ),
  rule(
    'Z2.4',
    'A query that fails changes nothing: nobody is forgotten while nobody can say who is there',
    'nodes that are not heard are forgotten',
    [
      'cluster/access/queried-hosts.ts',
      'if (isHeld || !isAnswered) known.lostAt = null',
      'if (isHeld) known.lostAt = null',
    ],
    [queried, 'Z2: are all there while the query fails, or has an empty answer'],
  ),
  rule(
    'Z2.5',
    'A node that moves is where its last HELLO came from, and who was there before is there no more',
    'both are there',
    [
      'cluster/access/queried-hosts.ts',
      'if (other.address === address) other.address = null',
      'if (other.address === null) other.address = null',
    ],
    [queried, 'Z2: may move to other addresses, and come under another name'],
  ),
  rule(
    'Z3.1',
    'A node of another cluster is refused, whatever hosts and ports it has',
    'it is taken in',
    [
      'cluster/membership/peers.ts',
      'headers === null || headers.cluster === this.#cluster',
      "headers === null || headers.cluster !== '*'",
    ],
    ['src/cluster/membership/peers.test.ts', 'Z3: a node of another cluster is refused by name'],
  ),
  rule(
    'Z4.1',
    'A node whose connection stands is not suspect because it is silent for a moment',
    'silence alone makes it suspect',
    [
      'cluster/membership/member.ts',
      'hasFailed ? suspectAfterMs : busyAfterMs',
      'hasFailed ? suspectAfterMs : suspectAfterMs',
    ],
    [member, 'Z4: is busy while its connection stands: suspect after a while, and never gone'],
  ),
  rule(
    'Z4.2',
    'A connection that is made anew at once has not failed',
    'it counts as failed at once',
    [
      'cluster/membership/member.ts',
      'now - this.#lostAt >= reconnectWithinMs',
      'now - this.#lostAt >= 0',
    ],
    [member, 'Z4: a connection that is made anew at once does not make a node suspect'],
  ),
  rule(
    'Z4.3',
    'A node whose connection has failed is suspect within 2 s and gone within 5 s',
    'it is not gone before twice the time',
    [
      'cluster/membership/member.ts',
      'hasFailed && (silence >= goneAfterMs',
      'hasFailed && (silence >= 2 * goneAfterMs',
    ],
    [
      'src/cluster/membership/detection.test.ts',
      'Z4: of 50 nodes under load nobody is suspect in an hour, and who dies is suspect within 2 s and gone within 5 s (seed 1)',
    ],
  ),
  rule(
    'Z4.4',
    'Nobody is charged for the time in which GENESIS_CLUSTER itself stood still',
    'the time is charged',
    ['cluster/membership/member.ts', 'this.#lastHeard += late', ''],
    [member, 'Z4: is not charged for the time in which we stood still'],
  ),
  rule(
    'Z5.1',
    'A name is not taken from a node that answers, and is had by whoever comes when it does not',
    'whoever says it last has it',
    [
      'cluster/membership/peers.ts',
      'other === uuid || from === endpoint || !isHeld',
      'other === uuid || from === endpoint || isHeld',
    ],
    ['src/cluster/membership/peers.test.ts', 'Z5: a name that is borne is not taken'],
  ),
  rule(
    'Z5.2',
    'Who is where a node answers is no new life of it, whatever it says: its connection has not ended',
    'the last one who says so is it',
    [
      'cluster/membership/peers.ts',
      'this.#members.get(peer.node)?.answers === true',
      'this.#members.get(peer.node)?.answers === null',
    ],
    [
      'src/cluster/membership/peers.test.ts',
      'Z5: who is where a node answers is no new life of it',
    ],
  ),
  rule(
    'Z5.3',
    'A new life is there once the connection to the last one has ended, though it was made again',
    'it waits until the last one is missed',
    ['cluster/membership/member.ts', 'if (!isOpen) this.#hasBroken = true', ''],
    ['src/cluster/membership/peers.test.ts', 'Z5: a new life is there at once when the connection'],
  ),
  rule(
    'Z5.4',
    'A greeting that came before the end of the last life was seen is looked at again with each word of who greeted',
    'it is forgotten: who takes itself for greeted only pings',
    ['cluster/membership/membership.ts', 'message : waiting?.hello', 'message : undefined'],
    [
      'src/cluster/membership/membership.test.ts',
      'Z5: a new life that greets before the end of the last one is seen is there when it is',
    ],
  ),
  rule(
    'Z6.1',
    'A beacon that says a node leaves ends nothing as long as its connection stands',
    'the node is gone at once',
    [
      'cluster/membership/member.ts',
      'if (hasFailed && (silence >= goneAfterMs || this.#isLeaving))',
      'if (this.#isLeaving || (hasFailed && silence >= goneAfterMs))',
    ],
    [member, 'Z6: that somebody says it leaves ends nothing while its connection stands'],
  ),
  rule(
    'Z8.1',
    'Where a node begins a life that speaks another version, the link to its life before is closed',
    'the link leads on to the new life',
    ['cluster/links/node-links.ts', 'this.#options.dataPath.closeLink(node)\n    } else', '} else'],
    [
      'src/cluster/links/node-links.test.ts',
      'Z8: is not made to a node that speaks otherwise, nor kept from its life before, which is told once in each life',
    ],
  ),
  rule(
    'Z8.2',
    'A node that speaks another version is out of reach for subscriptions, which are told so',
    'it counts as there',
    ['cluster/links/node-links.ts', "this.#foreign.has(node) ? 'gone' : state", 'state'],
    [
      'src/cluster/links/node-links.test.ts',
      'Z8: a node that speaks otherwise is out of reach, though it is there, until a life of it speaks as we do',
    ],
  ),
  rule(
    'Z8.3',
    'A node that is linked otherwise, by relay or by multicast, is one that nothing comes from: it is not linked, and out of reach',
    'it counts as there',
    [
      'cluster/membership/peers.ts',
      "if (theirs.link === '' || theirs.link === link) return null",
      'if (theirs.link !== undefined) return null',
    ],
    [
      'src/cluster/links/node-links.test.ts',
      'Z8: is not made to a node that is linked otherwise, which is out of reach, and told why',
    ],
  ),
]
