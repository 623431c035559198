import type { Attributes, BatchObservableCallback, Meter, Observable } from '@opentelemetry/api'
import type { Figure } from '../metrics/figure.ts'
import { pulledFigures } from '../metrics/queue-figures.ts'
import { onceClosed } from '../queue/heard-channels.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'

/** The figures of a queue that it says whenever it is asked: they are taken when metrics are collected, until it is closed. */
export function observeFigures(meter: Meter, queue: UpdateQueue): void {
  const instruments = new Map<string, Observable>()
  for (const figure of pulledFigures(queue))
    instruments.set(figure.name, instrumentOf(meter, figure))
  const observe: BatchObservableCallback = (result) => {
    for (const { name, samples } of pulledFigures(queue)) {
      const instrument = instruments.get(name)
      if (instrument)
        for (const { value, labels } of samples)
          result.observe(instrument, value, attributesOf(labels))
    }
  }
  const observed = [...instruments.values()]
  meter.addBatchObservableCallback(observe, observed)
  onceClosed(queue, () => meter.removeBatchObservableCallback(observe, observed))
}

function instrumentOf(meter: Meter, { name, help, type }: Figure): Observable {
  const options = { description: help, unit: unitOf(name) }
  return type === 'counter'
    ? meter.createObservableCounter(metricName(name), options)
    : meter.createObservableGauge(metricName(name), options)
}

/** A name of Prometheus as one of OpenTelemetry, whose units stand beside it: `tidings_lag_seconds` is `tidings.lag`. */
export const metricName = (name: string): string =>
  name
    .replace(/_total$/, '')
    .replace(/_(?:seconds|bytes)$/, '')
    .replace('_', '.')

function unitOf(name: string): string {
  if (name.endsWith('_seconds')) return 's'
  return name.endsWith('_bytes') ? 'By' : '1'
}

/** Labels under names of their own, but for the table, which the conventions have a name for. */
const attributesOf = (labels: Readonly<Record<string, string>>): Attributes =>
  Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [
      name === 'table' ? 'messaging.destination.name' : `tidings.${name}`,
      value,
    ]),
  )
