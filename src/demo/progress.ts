import { clearScreenDown, cursorTo, moveCursor } from 'node:readline'
import { styleText } from 'node:util'
import { every, type Timer } from '../base/clock.ts'
import { type Activity, activityHeader } from './activity.ts'
import { tableLines } from '../base/text-table.ts'

/** How often the table is drawn on a terminal, milliseconds. */
const drawIntervalMs = 100

/** How often a line is written where there is no terminal, milliseconds. */
const lineIntervalMs = 2_000

/** Columns taken for granted where the terminal does not say. */
const usualColumns = 80

/** Shows what all processes do: on a terminal a table that stays in place, else lines now and then. */
export class Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #activities: readonly Activity[]
  #timer: Timer | null = null
  #drawn = 0
  /** What was written last of each, where there is no terminal. */
  readonly #written = new Map<Activity, string>()

  /** `activities` may grow. */
  constructor(stream: NodeJS.WriteStream, activities: readonly Activity[]) {
    this.#stream = stream
    this.#activities = activities
  }

  start(): void {
    const interval = this.#stream.isTTY ? drawIntervalMs : lineIntervalMs
    this.#timer = every(interval, () => this.#show())
  }

  /** Shows the last state, which stays. */
  stop(): void {
    if (this.#timer === null) return
    this.#timer.cancel()
    this.#timer = null
    this.#show()
    this.#drawn = 0
  }

  /** A line of its own above what is shown. */
  say(text: string): void {
    this.#erase()
    this.#stream.write(`${text}\n`)
    if (this.#stream.isTTY && this.#timer !== null) this.#show()
  }

  #show(): void {
    if (this.#stream.isTTY) return this.#draw()
    const news = this.#activities.flatMap((activity) => this.#newsOf(activity) ?? [])
    if (news.length > 0) this.#stream.write(`${news.join(' · ')}\n`)
  }

  /** Null: nothing is new. */
  #newsOf(activity: Activity): string | null {
    const summary = activity.summary()
    if (summary === null || summary === this.#written.get(activity)) return null
    this.#written.set(activity, summary)
    return summary
  }

  #draw(): void {
    const now = performance.now()
    const columns = this.#stream.columns || usualColumns
    const [header = '', ...rows] = tableLines(
      activityHeader,
      this.#activities.map((activity) => activity.cells(now)),
    ).map((line) => line.slice(0, columns - 1))
    const title = styleText('dim', header, { stream: this.#stream })
    this.#erase()
    this.#stream.write(`${[title, ...rows].join('\n')}\n`)
    this.#drawn = rows.length + 1
  }

  /** The lines drawn last; they are never longer than the terminal is wide. */
  #erase(): void {
    if (this.#drawn === 0) return
    moveCursor(this.#stream, 0, -this.#drawn)
    cursorTo(this.#stream, 0)
    clearScreenDown(this.#stream)
    this.#drawn = 0
  }
}
