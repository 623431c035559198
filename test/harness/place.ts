/**
 * Where a process of a test runs, as what stands before its command line. Places add up, the outer
 * one first: `inside(machine.place, asUser(65_501), container)`.
 */
export interface Place {
  readonly before: readonly string[]
  /** Pid namespaces that it opens: the process itself is so many generations below the one that was spawned. */
  readonly containers: number
}

/** This machine as it is. */
export const here: Place = { before: [], containers: 0 }

/** What a container gives: pids of its own, the process is pid 1. The network stays that of the place around it. */
export const container: Place = {
  before: ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', '--'],
  containers: 1,
}

/** A network that is nobody else's, with a loopback that is up. A node of several machines: see network.ts. */
export const ownNetwork: Place = {
  before: ['unshare', '--net', '--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'],
  containers: 0,
}

/** Another user, by number, without groups. */
export function asUser(uid: number): Place {
  const ids = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
  return { before: ['setpriv', ...ids, '--'], containers: 0 }
}

/** `/proc` shows to each user only the processes of this user, as hardened machines have it. */
export function hidingProcesses(hidepid: 1 | 2 = 2): Place {
  const script = `mount -t proc -o hidepid=${hidepid} proc /proc && exec "$@"`
  return { before: ['unshare', '--mount', '--', 'sh', '-c', script, 'sh'], containers: 0 }
}

/** The clock on the wall is off by so much ("+1h", "-90"), the one that only goes forward is not. */
export function withClockOff(by: string): Place {
  const settings = [`FAKETIME=${by}`, 'FAKETIME_DONT_FAKE_MONOTONIC=1', 'DONT_FAKE_MONOTONIC=1']
  return { before: ['env', `LD_PRELOAD=${libfaketime}`, ...settings], containers: 0 }
}

/** Where Debian and Ubuntu have it on this kind of processor. */
export const libfaketime = `/usr/lib/${
  process.arch === 'arm64' ? 'aarch64' : 'x86_64'
}-linux-gnu/faketime/libfaketimeMT.so.1`

/** One place inside of the other, the outer one first. */
export function inside(...places: readonly Place[]): Place {
  return {
    before: places.flatMap(({ before }) => before),
    containers: places.reduce((sum, { containers }) => sum + containers, 0),
  }
}
