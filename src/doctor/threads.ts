import { linkLimit } from '../cluster/bus/thread-pool.ts'
import { clusterThreads } from '../cluster/bus/cluster-threads.ts'
import { type Examined, examined, notExamined, problem } from './finding.ts'
import { type Ground, otherNodes } from './ground.ts'

/** Whether GENESIS_CLUSTER has a thread for the link to each other node: `tidings cluster` starts with 64, or with what the environment says beyond. */
export function examineThreads(
  ground: Ground,
  environment: NodeJS.ProcessEnv = process.env,
): Examined {
  const links = ground.settings.link === 'relay' ? otherNodes(ground).length : 0
  if (links === 0) return notExamined('threads', 'no link needs one')
  const threads = Math.max(clusterThreads, Number(environment['UV_THREADPOOL_SIZE'] ?? 0) || 0)
  const most = linkLimit(threads)
  return examined(
    'threads',
    `${threads} threads carry the ${links} links to other nodes`,
    most >= links
      ? []
      : [
          problem(
            `${threads} threads carry ${most} links, and there are ${links} other nodes`,
            `start GENESIS_CLUSTER with UV_THREADPOOL_SIZE=${threads + links - most}`,
          ),
        ],
  )
}
