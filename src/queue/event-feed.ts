import { Deque } from '../base/deque.ts'

/** Events waiting for one slow reader of a feed; beyond it the oldest go, which are the least news. */
const maxWaitingEvents = 1024

/** One source of events, any number of async iterators; each sees what happens from its start on. */
export class EventFeed<Event> {
  readonly #readers = new Set<EventReader<Event>>()
  #isEnded = false

  emit(event: Event): void {
    for (const reader of this.#readers) reader.push(event)
  }

  end(): void {
    this.#isEnded = true
    for (const reader of this.#readers) reader.end()
    this.#readers.clear()
  }

  read(): AsyncIterableIterator<Event> {
    const reader = new EventReader<Event>((ended) => this.#readers.delete(ended))
    if (this.#isEnded) reader.end()
    else this.#readers.add(reader)
    return reader
  }
}

class EventReader<Event> implements AsyncIterableIterator<Event> {
  readonly #waiting = new Deque<Event>()
  readonly #pulls = new Deque<PromiseWithResolvers<IteratorResult<Event, undefined>>>()
  readonly #onEnd: (reader: EventReader<Event>) => void
  #isEnded = false

  constructor(onEnd: (reader: EventReader<Event>) => void) {
    this.#onEnd = onEnd
  }

  push(event: Event): void {
    const pull = this.#pulls.shift()
    if (pull) {
      pull.resolve({ done: false, value: event })
      return
    }
    if (this.#waiting.length >= maxWaitingEvents) this.#waiting.shift()
    this.#waiting.push(event)
  }

  end(): void {
    this.#isEnded = true
    for (let pull = this.#pulls.shift(); pull; pull = this.#pulls.shift())
      pull.resolve({ done: true, value: undefined })
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    const event = this.#waiting.shift()
    if (event !== undefined) return Promise.resolve({ done: false, value: event })
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined })
    const pull = Promise.withResolvers<IteratorResult<Event, undefined>>()
    this.#pulls.push(pull)
    return pull.promise
  }

  return(): Promise<IteratorResult<Event, undefined>> {
    this.#onEnd(this)
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Event> {
    return this
  }
}
