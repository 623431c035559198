/**
 * The next time after `now` that all processes of a machine have in common: a whole multiple of `everyMs` on their
 * clock. What each of many processes says to all others then comes to each in one go and wakes it once; at
 * times of their own they would wake each other n × n times. `behindMs`: so much behind those multiples.
 */
export const nextCommonTime = (now: number, everyMs: number, behindMs = 0): number =>
  now + everyMs - ((now - behindMs + everyMs) % everyMs)
