import type { MqttSettings } from '../../definition/settings.ts'
import type { TakenBy } from '../../transport/mqtt/check/broker-check.ts'
import type { TopicAccess } from '../../transport/mqtt/check/probed-topics.ts'
import { type Examined, examined, type Finding, problem } from '../finding.ts'

/** Whether the broker lets this user publish and read on every topic that processes use. */
export function examineAccess(
  { version }: TakenBy,
  found: readonly TopicAccess[],
  root: string,
  { queueNamePattern, username }: MqttSettings,
): Examined {
  const below = belowOf(queueNamePattern)
  const who = username === null ? 'who has no user name' : `the user ${username}`
  const remedy =
    `let ${username ?? 'everybody'} read and write below it: in the acl_file of Mosquitto ` +
    `${username === null ? '' : `\`user ${username}\` and then `}\`topic readwrite ${below}\``
  const tell = (what: string, topics: readonly TopicAccess[]): Finding[] =>
    topics.length === 0 ? [] : [problem(`${who} ${what} ${shownTopics(topics, root)}`, remedy)]
  const cutOff = (at: TopicAccess['endedAt']) => found.filter(({ endedAt }) => endedAt === at)
  // A broker of 3.1.1 acknowledges also what it passes over.
  const isTold = version === 5
  const unheard = cutOff(null).filter(({ isHeard, write }) => !isHeard && write !== 'refused')
  const unread = unheard.filter(
    ({ isReadRefused, write }) => isReadRefused || (isTold && write === 'acknowledged'),
  )
  return examined('access', `all ${found.length} kinds of topics can be published on and read`, [
    ...tell('is cut off by the broker where it publishes on', cutOff('publishing')),
    ...tell('is cut off by the broker where it reads', cutOff('reading')),
    ...tell(
      'may not publish on',
      found.filter(({ write }) => write === 'refused'),
    ),
    ...tell('may not read', unread),
    ...tell(
      'may not publish on or not read, which the broker does not tell apart,',
      unheard.filter((each) => !unread.includes(each)),
    ),
  ])
}

/** Without the process that nobody is. */
const shownTopics = (topics: readonly TopicAccess[], root: string): string =>
  topics
    .map(({ topic }) =>
      topic.startsWith(`${root}/`) ? topic.replace(/[0-9a-f]{32}$/, '+') : topic,
    )
    .join(', ')

/** The level with the table, and all below it. */
function belowOf(pattern: string): string {
  const levels = pattern.split('/')
  const place = levels.findIndex((level) => level.includes('{{TABLE_NAME}}'))
  return [...levels.slice(0, place), '#'].join('/')
}
