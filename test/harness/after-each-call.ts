/**
 * `target`, with `run` behind each call of one of its methods: as the queue does at once what a publisher or a
 * subscriber wants done.
 */
export function afterEachCall<Target extends object>(target: Target, run: () => void): Target {
  return new Proxy(target, {
    get(of, key) {
      const value: unknown = Reflect.get(of, key, of)
      if (typeof value !== 'function') return value
      return (...given: unknown[]): unknown => {
        try {
          return Reflect.apply(value, of, given)
        } finally {
          run()
        }
      }
    },
    set: (of, key, value) => Reflect.set(of, key, value, of),
  })
}
