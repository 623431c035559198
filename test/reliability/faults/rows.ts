import { subscriberStopped } from './f01-subscriber-stopped.ts'
import { publisherKilled } from './f02-publisher-killed.ts'
import { clusterKilled } from './f05-cluster-killed.ts'
import { gracefulClose } from './f03-graceful-close.ts'
import { scripts } from './f04-scripts.ts'
import { manyTables } from './f06-many-tables.ts'
import { blackHole } from './f07-black-hole.ts'
import { partedLongerThanGone } from './f08-parted-longer-than-gone.ts'
import { flappingLinks } from './f09-flapping-links.ts'
import { datagrams } from './f10-datagrams.ts'
import { starved } from './f15-starved.ts'
import { blockedLoop } from './f14-blocked-loop.ts'
import { limits } from './f16-limits.ts'
import { access } from './f19-access.ts'
import { twins } from './f20-twins.ts'
import { simultaneousStart } from './f23-simultaneous-start.ts'
import { soakOfFaults } from './f25-soak-of-faults.ts'
import { forgottenScripts } from './f26-forgotten-scripts.ts'
import { unreachableAtStart } from './f27-unreachable-at-start.ts'
import { fullStateFolder } from './f28-full-state-folder.ts'
import { containersKilled } from './f29-containers-killed.ts'
import { foreignBurst } from './f30-foreign-burst.ts'
import { lateVersions } from './f31-late-versions.ts'
import { callsFromInside } from './f32-calls-from-inside.ts'
import { flushBeforeReady } from './f33-flush-before-ready.ts'
import { openLosses } from './f34-open-losses.ts'
import { diedWithOtherTables } from './f35-died-with-other-tables.ts'
import type { FaultRow } from './fault-row.ts'

/** The rows of the matrix that need real processes, in the order in which they run. */
export const rows: readonly FaultRow[] = [
  publisherKilled,
  clusterKilled,
  gracefulClose,
  scripts,
  blockedLoop,
  twins,
  limits,
  simultaneousStart,
  manyTables,
  blackHole,
  partedLongerThanGone,
  flappingLinks,
  datagrams,
  starved,
  access,
  soakOfFaults,
  forgottenScripts,
  unreachableAtStart,
  fullStateFolder,
  containersKilled,
  foreignBurst,
  lateVersions,
  callsFromInside,
  flushBeforeReady,
  openLosses,
  diedWithOtherTables,
  subscriberStopped,
]
