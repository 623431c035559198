/** What the browser says of the network and of the page. */
export interface PageNetwork {
  /** Calls `lost` when the network is gone, and `back` when it may be there again. Gives what ends that. */
  watch(lost: () => void, back: () => void): () => void
}

type Target = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>

/** Elsewhere than in a page there are no such events: then silence and errors alone tell. */
export const pageNetwork: PageNetwork = {
  watch(lost, back) {
    const page = globalThis as Partial<Target> & { readonly document?: Target }
    const entries = [
      [page, 'offline', lost],
      [page, 'online', back],
      // A page that slept: its timers did, too.
      [page, 'pageshow', back],
      [page.document, 'visibilitychange', back],
    ] as const
    for (const [target, name, run] of entries) target?.addEventListener?.(name, run)
    return () => {
      for (const [target, name, run] of entries) target?.removeEventListener?.(name, run)
    }
  },
}
