import { get, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'

/** What is told, by its field. */
interface EventData {
  readonly [field: string]: unknown
  readonly reason?: string
  readonly updates?: readonly { readonly record: unknown }[]
}

/** An event of a stream of `tidings gateway`, as its client gets it. */
export interface ReadEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: EventData
}

/** Reads a stream of server-sent events, or of JSON lines, as they come. */
export class EventStream {
  readonly response: IncomingMessage
  #text = ''
  #hasEnded = false

  private constructor(response: IncomingMessage) {
    this.response = response
    response.setEncoding('utf8')
    response.on('data', (text: string) => (this.#text += text))
    response.on('error', () => undefined)
    response.once('close', () => (this.#hasEnded = true))
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
    const request = get(url, { headers, agent: false })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    onTestFinished(() => void response.destroy())
    return new EventStream(response)
  }

  get text(): string {
    return this.#text
  }

  /** Characters that have come. */
  get length(): number {
    return this.#text.length
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  get events(): ReadEvent[] {
    const isOfLines = this.response.headers['content-type']?.startsWith('application/x-ndjson')
    const whole = this.#text.split(isOfLines ? '\n' : '\n\n').slice(0, -1)
    if (isOfLines) return whole.map((line) => JSON.parse(line) as ReadEvent)
    return whole.filter((block) => !block.startsWith(':')).map(readBlock)
  }

  /** The events of one name. */
  named(name: string): ReadEvent[] {
    return this.events.filter(({ event }) => event === name)
  }

  /** All records of the commits that have come. */
  get records(): unknown[] {
    return this.named('commit').flatMap(({ data }) =>
      (data.updates ?? []).map(({ record }) => record),
    )
  }

  /** Waits for so many events of one name. */
  async until(name: string, count = 1): Promise<ReadEvent[]> {
    const what = (): string => `${count} of ${name}, there came:\n${this.#text.slice(-2_000)}`
    await eventually(what, () => this.named(name).length >= count)
    return this.named(name)
  }

  /** Waits until it is over. */
  async end(): Promise<void> {
    await eventually('the stream ends', () => this.#hasEnded)
  }

  leave(): void {
    this.response.destroy()
  }
}

function readBlock(block: string): ReadEvent {
  const fields = new Map(
    block.split('\n').map((line): [string, string] => {
      const at = line.indexOf(': ')
      return [line.slice(0, at), line.slice(at + 2)]
    }),
  )
  return {
    event: fields.get('event') ?? '',
    id: fields.get('id'),
    data: JSON.parse(fields.get('data') ?? '{}') as EventData,
  }
}
