/** Threads of libuv's pool for GENESIS_CLUSTER: each proxy and each link holds one for as long as it runs. */
export const clusterThreads = 64
