/** One value of a figure. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** Of a histogram: which of its series it belongs to. */
  readonly suffix?: '_bucket' | '_sum' | '_count'
}

/** A figure for Prometheus and whatever reads its text: named by its rules, with base units. */
export interface Figure {
  readonly name: string
  /** What it says, one sentence. */
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

/** A figure of one value for each set of labels. */
export const figureOf = (
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  ...samples: readonly (readonly [value: number, labels?: Sample['labels']])[]
): Figure => ({
  name,
  help,
  type,
  samples: samples.map(([value, labels = {}]) => ({ labels, value })),
})

/** Figures of one name, of several queues, are one figure with all their samples. */
export function joinedFigures(all: readonly (readonly Figure[])[]): Figure[] {
  const byName = new Map<string, Figure>()
  for (const figure of all.flat()) {
    const known = byName.get(figure.name)
    const samples = [...(known?.samples ?? []), ...figure.samples]
    byName.set(figure.name, { ...figure, samples })
  }
  return [...byName.values()]
}
