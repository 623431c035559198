import type { Mutant } from './planted.ts'

/** Bugs that the simulator has to find. */
export const simulatedBugs: readonly Omit<Mutant, 'rule'>[] = [
  {
    name: 'the asked range ends one short of the gap',
    file: 'subscriber/gap-repair.ts',
    from: 'repair.to = Math.min(gap.to, gap.from + window - 1)',
    to: 'repair.to = Math.min(gap.to, gap.from + window - 1) - 1',
  },
  {
    name: 'duplicates are not dropped',
    file: 'subscriber/parcel-delivery.ts',
    from: 'batch.first !== stream.next ||',
    to: 'batch.first > stream.next ||',
  },
  {
    name: 'heartbeats announce one update too few',
    file: 'publisher/sync-answers.ts',
    from: '({ table, last: sent }))',
    to: '({ table, last: sent - 1 }))',
  },
  {
    name: 'a refusal goes one update too far',
    file: 'subscriber/subscription.ts',
    from: "stream.lose(stream.next, refusal.firstRetained - 1, 'evicted')",
    to: "stream.lose(stream.next, refusal.firstRetained, 'evicted')",
  },
  {
    name: 'a loss is swallowed instead of reported',
    file: 'subscriber/parcel-delivery.ts',
    from: '    this.report(source, stream, { from, to }, reason)',
    to: '    void to',
  },
  {
    name: 'a publisher that died is forgotten without a loss',
    file: 'subscriber/endings.ts',
    from: 'if (!source.pending.has(stream)) this.#reportOpen(source, stream)',
    to: 'if (!source.pending.has(stream)) stream.openLossFrom = stream.next',
  },
  {
    name: 'the manifest is ignored: parts of a commit are delivered as they come',
    file: 'subscriber/parcel-delivery.ts',
    from: '      .filter(({ table }: TableSequence) => this.#wants(table))',
    to: '      .filter(({ table }: TableSequence) => table === lowest.table)',
  },
  {
    name: 'the base is inferred from the first update seen',
    file: 'subscriber/parcel-delivery.ts',
    from: '    const bytes = stream.hold(batch)',
    to: '    if (stream.base === null) stream.setBase(batch.first - 1)\n    const bytes = stream.hold(batch)',
  },
  {
    name: 'of an older publisher that turns up late, what it published before its first answer is lost',
    file: 'subscriber/bases.ts',
    from: 'const baseOfLate = isWhole ? 0 : owedFrom - 1',
    to: 'const baseOfLate = isWhole ? 0 : state.last',
  },
  {
    name: 'a vector does not look back',
    file: 'publisher/published-stream.ts',
    from: '({ retainedAt }) => retainedAt < time',
    to: '() => true',
  },
  {
    name: 'ready does not wait for marks',
    file: 'subscriber/readiness.ts',
    from: 'return source.unproven.size === 0',
    to: "return ![...source.unproven].some((topic) => typeof topic === 'symbol')",
  },
  {
    name: 'the first parcel does not wait for the roster',
    file: 'publisher/publisher.ts',
    from: 'if (this.#announcedAt === Infinity) this.#unannounced.hold(stream, batch.first)',
    to: 'if (this.#announcedAt < 0) this.#unannounced.hold(stream, batch.first)',
  },
  {
    name: 'a sync is answered in the middle of a parcel',
    file: 'publisher/publisher.ts',
    from: 'return this.#unsent[0]?.isHalfSent ? Infinity : this.#syncs.deadline',
    to: 'return this.#syncs.deadline',
  },
  {
    name: 'what is published while a parcel leaves goes before its rest',
    file: 'publisher/publisher.ts',
    from: 'this.#unsent.push(this.#parcel.close(',
    to: 'this.#unsent.unshift(this.#parcel.close(',
  },
  {
    name: 'a flush does not wait for confirmations',
    file: 'publisher/flushes.ts',
    from: 'if (hasAll) confirmed.push(subscriber)',
    to: 'if (hasAll || target.length > 0) confirmed.push(subscriber)',
  },
  {
    name: 'a confirmation runs ahead of the delivery',
    file: 'subscriber/subscription.ts',
    from: '.map(({ table, consumed }) => ({ table, last: consumed }))',
    to: '.map(({ table, known }) => ({ table, last: known }))',
  },
  {
    name: 'a leaving publisher does not serve what is asked for',
    file: 'publisher/flushes.ts',
    from: 'if (now < flush.until && (missing.length > 0 || !haveLeft(flush.target))) return true',
    to: 'if (now < flush.until && !haveLeft(flush.target)) return true',
  },
  {
    name: 'what comes late of a publisher that was gone is not taken up again',
    file: 'subscriber/subscription.ts',
    from: '    this.#heard(source, now)\n    switch',
    to: "    if (source.state === 'gone') return\n    this.#heard(source, now)\n    switch",
  },
  {
    name: 'others are charged for our own stall',
    file: 'subscriber/sources.ts',
    from: 'source.heardAt = Math.min(now, source.heardAt + ms)',
    to: 'source.heardAt += 0 * ms',
  },
  {
    name: 'who was heard behind our own stall counts as heard in the future',
    file: 'subscriber/sources.ts',
    from: 'source.heardAt = Math.min(now, source.heardAt + ms)',
    to: 'source.heardAt += ms',
  },
  {
    name: 'the path is never made anew',
    file: 'subscriber/path-renewal.ts',
    from: 'this.#output.renew(hop, source.identity.incarnation, topics)',
    to: 'void [hop, topics]',
  },
  {
    name: 'a loss inside of a parcel comes before the parcel',
    file: 'subscriber/parcel-delivery.ts',
    from: '? index : index + 1',
    to: '? 0 : 0',
  },
  {
    name: 'a commit that is not whole does not say so',
    file: 'subscriber/commit-grouping.ts',
    from: 'this.#add(all, here !== expected, ',
    to: 'this.#add(all, false, ',
  },
]
