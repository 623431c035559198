import { newRegistration } from '../../src/model/new-registration.ts'
import { randomUUID } from 'node:crypto'
import { Dealer } from 'zeromq'
import type { NodePorts } from '../../src/definition/settings.ts'
import type { Registration, RosterEntry } from '../../src/model/roster-entry.ts'
import { wireVersion } from '../../src/model/wire-version.ts'
import type {
  ClusterMessage,
  ProcessMessage,
  SeenRoster,
} from '../../src/registration/registration-message.ts'
import {
  decodeClusterMessage,
  encodeProcessMessage,
} from '../../src/registration/registration-message.ts'
import { registeringDealer } from '../../src/sockets/socket-options.ts'
import type { RunningCluster } from './running-cluster.ts'
import { eventually } from '../harness/eventually.ts'
import { opened } from './wire-tap.ts'

export const newIncarnation = () => randomUUID().replaceAll('-', '')

export function registrationOf(node: string, more: Partial<Registration> = {}): Registration {
  return newRegistration({
    node,
    process: 'TRADE_EVENT_HANDLER',
    incarnation: newIncarnation(),
    role: 'process',
    mode: 'mesh',
    publishes: ['TRADE'],
    ...more,
  })
}

/** A process on the registration connection: says what the test tells it to, repeats it, and keeps the answers. */
export class Registrant {
  registration: Registration
  seen: SeenRoster = { history: null, version: 0 }
  readonly answers: ClusterMessage[] = []
  readonly roster = new Map<string, RosterEntry>()
  settled = false
  unreachable: readonly string[] = []
  wantsPort = false
  /** False: it stands still, and answers nothing. */
  answersAsks = true
  #id = 0
  readonly #dealer = opened(new Dealer(registeringDealer()))

  constructor(
    cluster: RunningCluster,
    more: Partial<Registration> = {},
    endpoint = cluster.at('registry' satisfies keyof NodePorts),
  ) {
    this.registration = registrationOf(cluster.settings.node.name, more)
    this.#dealer.connect(endpoint)
    void this.#listen()
  }

  /** The version of the wire that it says it speaks. */
  wire: number = wireVersion

  get incarnation(): string {
    return this.registration.incarnation
  }

  say(message: ProcessMessage): void {
    this.sayBytes(encodeProcessMessage(message))
  }

  /** Also what is no message. */
  sayBytes(bytes: Uint8Array): void {
    this.#dealer.send(bytes).catch(() => {})
  }

  /** Once, with what has changed. */
  register(more: Partial<Registration> = {}): number {
    this.registration = { ...this.registration, ...more }
    this.#id += 1
    const { registration, seen, wantsPort, wire } = this
    this.say({ type: 'register', id: this.#id, seen, registration, wantsPort, wire })
    return this.#id
  }

  /** Its connection ends, as the kernel sees to when a process dies. */
  die(): void {
    this.#dealer.close()
  }

  /** Registers until it is acknowledged or refused. */
  async registered(more: Partial<Registration> = {}): Promise<ClusterMessage> {
    const since = this.answers.length
    const first = this.register(more)
    return eventually('an answer to the registration', () => {
      const answer = this.answers
        .slice(since)
        .find((each) => each.type === 'refused' || (each.type === 'registered' && each.id >= first))
      if (!answer) this.register()
      return answer
    })
  }

  /** Registers, again and again, until such an answer has come. */
  answered<Type extends ClusterMessage['type']>(
    type: Type,
  ): Promise<ClusterMessage & { type: Type }> {
    const fits = (each: ClusterMessage): each is ClusterMessage & { type: Type } =>
      each.type === type
    return eventually(`the answer ${type}`, () => {
      const answer = this.answers.find(fits)
      if (!answer) this.register()
      return answer
    })
  }

  /** Repeats its registration until the roster it is told fits. */
  knows(what: string, fits: (roster: Registrant['roster']) => boolean): Promise<boolean> {
    return eventually(what, () => {
      if (fits(this.roster)) return true
      this.register()
      return false
    })
  }

  async #listen(): Promise<void> {
    for await (const [frame] of this.#dealer) {
      const message = frame ? decodeClusterMessage(frame) : null
      if (message === null) throw new Error('GENESIS_CLUSTER said something unreadable')
      this.answers.push(message)
      if (message.type === 'roster') this.#take(message)
      if (message.type === 'ask' && message.answer && this.answersAsks)
        this.say({ type: 'here', incarnation: this.incarnation })
    }
  }

  #take({ history, since, version, change }: ClusterMessage & { type: 'roster' }): void {
    if (history !== this.seen.history && since !== 0) {
      this.seen = { history: null, version: 0 }
      return
    }
    if (since > this.seen.version && since !== 0) return
    this.seen = { history, version }
    this.settled = change.settled
    this.unreachable = change.unreachable
    for (const entry of change.entries) this.roster.set(entry.incarnation, entry)
  }
}
