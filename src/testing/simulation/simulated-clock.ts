import type { Clock, Timer } from '../../base/clock.ts'

interface Event {
  readonly time: number
  /** Events of one time run in the order in which they were made. */
  readonly order: number
  run: (() => void) | null
}

const isBefore = (a: Event, b: Event): boolean =>
  a.time < b.time || (a.time === b.time && a.order < b.order)

/** Simulated time: a priority queue of events. Nothing happens but by `step()`. */
export class SimulatedClock implements Clock {
  readonly #heap: Event[] = []
  #now = 0
  #count = 0

  now(): number {
    return this.#now
  }

  /** The simulation begins on 1 January 2026. */
  wallClock(): number {
    return 1_767_225_600_000 + this.#now
  }

  after(ms: number, run: () => void): Timer {
    const event: Event = { time: this.#now + Math.max(0, ms), order: this.#count++, run }
    const heap = this.#heap
    let index = heap.push(event) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(event, heap[parent] as Event)) break
      heap[index] = heap[parent] as Event
      index = parent
    }
    heap[index] = event
    return {
      cancel: () => {
        event.run = null
      },
    }
  }

  endOfTurn(run: () => void): void {
    this.after(0, run)
  }

  /** When the next event is due; Infinity without one. */
  get nextAt(): number {
    return this.#heap[0]?.time ?? Infinity
  }

  /** Runs the next event. */
  step(): void {
    const top = this.#heap[0]
    if (!top) return
    const last = this.#heap.pop() as Event
    if (this.#heap.length > 0) this.#sink(last)
    this.#now = top.time
    top.run?.()
  }

  #sink(event: Event): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right && isBefore(right, heap[child] as Event)) child++
      if (!isBefore(heap[child] as Event, event)) break
      heap[index] = heap[child] as Event
      index = child
    }
    heap[index] = event
  }
}
