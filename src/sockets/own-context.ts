import { Context } from 'zeromq'

let context: Context | null = null

/**
 * The context of libzmq that all sockets of this copy of the package live in. libzmq allows one server
 * of access (ZAP) in a context, and zeromq.js shares its own context among all that use it in the
 * process: a second installed copy of this package, a bundle beside it, a module registry that a test
 * runner made anew, or a program that serves ZAP itself would be refused there. A context keeps its
 * two threads until the process ends, so there is one, made with the first socket.
 */
export function ownContext(): Context {
  return (context ??= new Context())
}
