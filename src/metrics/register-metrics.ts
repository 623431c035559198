import type { TablesOf } from '../model/update.ts'
import { onceClosed } from '../queue/heard-channels.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import type { Figure } from './figure.ts'
import { figuresOf } from './queue-figures.ts'

/** What is needed of a `Registry` of prom-client. */
export interface MetricsRegister {
  readonly contentType: string
  registerMetric(metric: never): void
  removeSingleMetric(name: string): void
}

/** A metric as a registry of prom-client asks for it. */
interface PulledMetric extends Pick<Figure, 'name' | 'help' | 'type'> {
  /** How the workers of one program are added up, where it has some. */
  readonly aggregator: 'sum' | 'first'
  get(): object
  reset(): void
}

/**
 * Adds the figures of a queue to a registry of prom-client; they are taken from the queue when the registry is asked.
 * Several queues may be added to one. When a queue is closed its figures go. The histograms count from here on.
 */
export function registerMetrics<Tables extends TablesOf>(
  register: MetricsRegister,
  queue: UpdateQueue<Tables>,
): void {
  const queues = registered.get(register) ?? new QueuesOf(register)
  registered.set(register, queues)
  queues.add(queue as UpdateQueue)
}

const registered = new WeakMap<MetricsRegister, QueuesOf>()

class QueuesOf {
  readonly #register: MetricsRegister
  readonly #queues = new Set<UpdateQueue>()
  /** As long as one answer is made: it asks for each metric by itself. */
  #figures: readonly Figure[] | null = null

  constructor(register: MetricsRegister) {
    this.#register = register
  }

  add(queue: UpdateQueue): void {
    const isFirst = this.#queues.size === 0
    this.#queues.add(queue)
    if (isFirst)
      for (const figure of figuresOf([queue])) this.#register.registerMetric(this.#pulled(figure))
    onceClosed(queue, () => this.#remove(queue))
  }

  #remove(queue: UpdateQueue): void {
    const figures = figuresOf([queue])
    this.#queues.delete(queue)
    if (this.#queues.size > 0) return
    for (const { name } of figures) this.#register.removeSingleMetric(name)
  }

  #pulled({ name, help, type }: Figure): never {
    const metric: PulledMetric = {
      name,
      help,
      type,
      aggregator: name === 'tidings_build_info' ? 'first' : 'sum',
      get: () => this.#values(name),
      reset: () => undefined,
    }
    return metric as never
  }

  #values(name: string): object {
    this.#figures ??= this.#taken()
    const figure = this.#figures.find((each) => each.name === name)
    // In OpenMetrics the ending is no part of the name of a counter, and prom-client adds it.
    const isOpen = this.#register.contentType.startsWith('application/openmetrics-text')
    const named = isOpen && figure?.type === 'counter' ? name.replace(/_total$/, '') : name
    const values = (figure?.samples ?? []).map(({ labels, value, suffix }) => ({
      labels,
      value,
      ...(suffix && { metricName: `${name}${suffix}` }),
    }))
    return { ...figure, name: named, values }
  }

  #taken(): readonly Figure[] {
    queueMicrotask(() => {
      this.#figures = null
    })
    return figuresOf([...this.#queues])
  }
}
