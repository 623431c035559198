/** Called once when a server starts. It serves when it is told of everything. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  if (process.env.NEXT_PHASE === 'phase-production-build') return
  const { openUpdateQueue } = await import('tidings')
  const { expireByUpdates } = await import('./expirations.js')
  // Modules are loaded more than once, and a second queue of one name is refused.
  globalThis.queue ??= await openUpdateQueue({ process: 'WEB', instance: String(process.pid) })
  await expireByUpdates(globalThis.queue, { TRADE: 'ID' })
}
