/** What is done, to whom, and how. */
export const faultKinds = {
  'kill-publisher': [
    'publisher killed',
    'SIGKILL at any instant, a new life at once or within 2 s',
  ],
  'kill-subscriber': ['subscriber killed', 'SIGKILL, a new life at once or within 2 s'],
  'kill-script': ['script killed', 'SIGKILL while it publishes or closes'],
  'kill-cluster': ['GENESIS_CLUSTER killed', 'SIGKILL, started again within 3 s'],
  'stop-publisher': ['publisher stands still', 'SIGSTOP 0.1 to 5 s, then SIGCONT'],
  'stop-subscriber': ['subscriber stands still', 'SIGSTOP 0.1 to 5 s, then SIGCONT'],
  'stop-cluster': ['GENESIS_CLUSTER stands still', 'SIGSTOP 0.1 to 5 s, then SIGCONT'],
  'freeze-publisher': ['publisher frozen', 'SIGSTOP 11 to 14 s: longer than every timeout'],
  'freeze-subscriber': ['subscriber frozen', 'SIGSTOP 11 to 14 s: longer than every timeout'],
  'freeze-cluster': ['GENESIS_CLUSTER frozen', 'SIGSTOP 11 to 14 s: longer than every timeout'],
  'cut-process': ['connections of a process cut', '`ss -K` on all that it holds at once'],
  'cut-hop': ['connections of GENESIS_CLUSTER cut', '`ss -K` on one of its six ports'],
  'flap-hop': ['a hop flaps', '`ss -K` on one port of GENESIS_CLUSTER every 0.25 s for 1 to 4 s'],
  'low-marks-process': [
    'high-water marks of 10 in a process',
    'SIGKILL, a new life with marks of 10, then bursts',
  ],
  'low-marks-cluster': [
    'high-water marks of 10 in GENESIS_CLUSTER',
    'SIGKILL, started again with marks of 10, then bursts',
  ],
} as const

/** What is done to the networks of machines that have their own. */
export const networkFaultKinds = {
  'cut-machine': [
    'a machine cut off',
    'packets from and to it dropped for 0.5 to 14 s: shorter and longer than every timeout',
  ],
  'deafen-machine': [
    'one way between two machines cut',
    'packets of one to the other dropped for 0.5 to 14 s; the way back stays',
  ],
  'lose-machine': ['datagrams lost', '5 to 50 of 100 that come to a machine, for 1 to 6 s'],
} as const

export type NetworkFaultKind = keyof typeof networkFaultKinds
export type FaultKind = keyof typeof faultKinds | NetworkFaultKind

/** All of both, for people. */
export const everyFaultKind: Readonly<Record<FaultKind, readonly [string, string]>> = {
  ...faultKinds,
  ...networkFaultKinds,
}
