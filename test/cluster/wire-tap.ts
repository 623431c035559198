import { XPublisher, XSubscriber } from 'zeromq'
import type { Socket } from 'zeromq'
import { connectingXpub, connectingXsub } from '../../src/sockets/socket-options.ts'
import { eventually } from '../harness/eventually.ts'

const open = new Set<Socket>()

/** For `afterEach`. */
export function closeTaps(): void {
  for (const socket of open) socket.close()
  open.clear()
}

export function opened<S extends Socket>(socket: S): S {
  open.add(socket)
  return socket
}

/** A subscriber that keeps what it hears. */
export class Tap {
  readonly heard: string[] = []
  readonly #socket = opened(new XSubscriber(connectingXsub()))

  constructor(endpoint: string, topic = 'table/') {
    this.#socket.connect(endpoint)
    void this.#socket.send(`\x01${topic}`)
    void this.#listen()
  }

  count(text: string): number {
    return this.heard.filter((each) => each === text).length
  }

  /** A request, up to all publishers. */
  async request(frame: string): Promise<void> {
    await this.#socket.send(frame)
  }

  async #listen(): Promise<void> {
    for await (const frames of this.#socket) this.heard.push(frames.map(String).join(' '))
  }
}

/** A publisher that keeps what comes up to it. */
export class Source {
  readonly socket: XPublisher
  readonly upstream: string[] = []

  constructor(endpoint: string) {
    this.socket = opened(new XPublisher(connectingXpub()))
    this.socket.connect(endpoint)
    void this.#listen()
  }

  publish(text: string, topic = 'table/TRADE/'): void {
    this.socket.send([topic, text]).catch(() => {})
  }

  async #listen(): Promise<void> {
    for await (const [frame] of this.socket) this.upstream.push(String(frame))
  }
}

/** Says a word until each of them has heard it: from then on the path is whole. */
export async function pathProven(
  source: Source,
  taps: readonly Tap[],
  word: string,
): Promise<void> {
  await eventually(`the word ${word}`, () => {
    if (taps.every(({ heard }) => heard.includes(`table/TRADE/ ${word}`))) return true
    source.publish(word)
    return false
  })
}

/** All that was said before has come: a last word on the same path has. */
export async function pathDrained(
  source: Source,
  taps: readonly Tap[],
  word: string,
): Promise<void> {
  source.publish(word)
  await eventually(`the last word ${word}`, () =>
    taps.every(({ heard }) => heard.includes(`table/TRADE/ ${word}`)),
  )
}
