import { type Rule, rule } from './rule.ts'

const queried = 'src/cluster/access/queried-hosts.test.ts'

/** Who is a node of the cluster: Z2, Z3. */
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
]
