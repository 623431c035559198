/** Imported by the door for what it does: from then on the queues of worker threads find their host. */
import { hostThreads } from '../transport/thread/host-threads.ts'

hostThreads()
