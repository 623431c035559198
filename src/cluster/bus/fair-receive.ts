/**
 * Milliseconds after which a receive loop lets everything else run: while messages keep coming,
 * zeromq.js reads them without ever returning to the event loop, and no timer would fire.
 */
const turnMs = 5

/** The messages of a socket, until it is closed; timers and other sockets get their turn in between. */
export async function* fairReceive<M>(socket: AsyncIterable<M>): AsyncGenerator<M> {
  let began = performance.now()
  for await (const message of socket) {
    yield message
    if (performance.now() - began < turnMs) continue
    await new Promise((resolve) => setImmediate(resolve))
    began = performance.now()
  }
}
