import { wireVersion } from '../../../src/model/wire-version.ts'
import type {
  ClusterMessage,
  ProcessMessage,
  RegisterMessage,
} from '../../../src/registration/registration-message.ts'
import {
  decodeClusterMessage,
  decodeProcessMessage,
  encodeClusterMessage,
  encodeProcessMessage,
} from '../../../src/registration/registration-message.ts'
import { maxRegistrationMessageBytes } from '../../../src/model/registration-limits.ts'
import { RosterView } from '../../../src/registration/roster-view.ts'
import type { Whisper } from '../../../src/cluster/membership/whisper.ts'
import { decodeWhisper, encodeWhisper } from '../../../src/cluster/membership/whisper.ts'
import { PortPool } from '../../../src/cluster/bus/port-pool.ts'
import type { SavedRoster } from '../../../src/cluster/roster/roster-file.ts'
import { RosterFile, savedRosterOf } from '../../../src/cluster/roster/roster-file.ts'
import { ClusterRoster } from '../../../src/cluster/roster/cluster-roster.ts'
import type { Dice } from '../dice.ts'
import { mutateJson } from '../json-mutation.ts'
import { Broken, expectSame } from '../oracle.ts'
import {
  clusterMessage,
  otherNode,
  ownNode,
  processMessage,
  rosterFile,
  whisper,
} from '../rosters.ts'
import type { Input, Target } from '../target.ts'
import { mutateOne, mutateSequence } from '../target.ts'

/** Keeps in memory what it would write. */
class FileInMemory extends RosterFile {
  #saved: SavedRoster | null = null

  constructor(saved: SavedRoster | null = null) {
    super('', ownNode, 6000)
    this.#saved = saved
  }

  override load() {
    return this.#saved
  }

  override save(roster: SavedRoster): void {
    this.#saved = roster
  }
}

const ports = {
  inbound: 5000,
  outbound: 5001,
  cluster: 6000,
  registry: 6001,
  relay: 6002,
  export: 6003,
}

/** GENESIS_CLUSTER's roster with nothing around it; whatever it says must be understood. */
class Stage {
  readonly plane: ClusterRoster
  readonly #view = new RosterView()
  /** Types of what the process was told last. */
  readonly #types = new Set<ClusterMessage['type']>()
  #now = 0

  constructor(saved: SavedRoster | null = null) {
    const stand = () => 0
    this.plane = new ClusterRoster({
      node: ownNode,
      mode: 'mesh',
      ports: new PortPool(ports, [], { first: 11_000, last: 55_535 }),
      listening: () => new Set(),
      file: new FileInMemory(saved),
      clock: { now: () => this.#now, wallClock: stand } as never,
      linkedNodes: [otherNode],
      toProcess: (_route, message) => this.#told(message),
      toNode: (_node, message) => heard(message),
      on: () => {},
    })
  }

  after(): void {
    this.#now += 300
    this.plane.tick(0)
    this.plane.processes(ownNode)
  }

  /** What came of a registration: is it on the roster, does it wait, or was it refused. */
  register(message: RegisterMessage): string {
    this.#types.clear()
    this.plane.register('route', message)
    if (this.#types.has('refused')) return 'refused by its registry'
    return this.#types.has('wait') ? 'waits' : 'registered'
  }

  #told(message: ClusterMessage): void {
    this.#types.add(message.type)
    const understood = decodeClusterMessage(encodeClusterMessage(message))
    if (understood === null) throw new Broken(`a process does not understand ${message.type}`)
    if (understood.type === 'roster') this.#view.apply(understood)
  }
}

function heard(message: Whisper): void {
  const bytes = encodeWhisper(message)
  if (decodeWhisper(bytes) !== null) return
  throw new Broken(`the other node does not understand ${message.type} of ${bytes.length} bytes`)
}

const sequences =
  (make: (dice: Dice) => Buffer) =>
  (dice: Dice): Input =>
    dice.many(1 + dice.few(4), () => make(dice))

const mutate: Target['mutate'] = (dice, input, other) =>
  mutateSequence(dice, input, other, 1, (dice, message, from) =>
    mutateOne(dice, message, from, mutateJson),
  )

/** Bytes that a list of a message is filled up to: what these ports let in. */
const filledBytes = 960_000

/** Each list of a message filled with one item over and over, with numbers that are longer when written anew. */
function* jsonBombs(frame: Buffer): Generator<Buffer> {
  const text = frame.toString()
  for (const match of text.matchAll(/\[(\{[^{}[\]]*\}|"[^"]*")?\]/g)) {
    const item = match[1] ?? '{"table":"","last":1e15}'
    const long = item.replaceAll(/("(?:last|sequence)":)\d+/g, '$11e15')
    const items = Math.floor((filledBytes - text.length) / (long.length + 1))
    const list = `[${Array.from({ length: items }, () => long).join(',')}]`
    const at = match.index
    yield Buffer.from(text.slice(0, at) + list + text.slice(at + match[0].length))
  }
}

const bombs: Target['bombs'] = function* bombs([frame]: Input) {
  if (frame) for (const bomb of jsonBombs(frame)) yield [bomb]
}

function judgeProcess(stage: Stage, message: ProcessMessage): string {
  expectSame(
    decodeProcessMessage(encodeProcessMessage(message)),
    message,
    'encoded again it differs',
  )
  if (message.type !== 'register') return message.type
  // As GENESIS_CLUSTER does: of another version nothing more is read.
  return message.wire === wireVersion ? stage.register(message) : 'another version'
}

export const registrationTarget: Target = {
  name: 'registration',
  weight: 2,
  valid: sequences(processMessage),
  mutate,
  bombs,
  run(input) {
    const stage = new Stage()
    // The other node has asked: it is told of every registration too.
    stage.plane.whispered(otherNode, { type: 'seen', seen: { history: null, version: 0 } })
    let outcome = 'nothing'
    for (const frame of input) {
      const message = decodeProcessMessage(frame)
      outcome = message === null ? 'refused' : judgeProcess(stage, message)
      stage.after()
    }
    return outcome
  },
}

export const whisperTarget: Target = {
  name: 'whisper',
  weight: 3,
  valid: sequences(whisper),
  mutate,
  bombs,
  run(input) {
    const stage = new Stage()
    let outcome = 'nothing'
    for (const frame of input) {
      const message = decodeWhisper(frame)
      outcome = message?.type ?? 'refused'
      if (message?.type === 'roster' || message?.type === 'seen')
        stage.plane.whispered(otherNode, message)
      stage.after()
    }
    return outcome
  },
}

export const clusterMessageTarget: Target = {
  name: 'cluster-message',
  weight: 4,
  valid: sequences(clusterMessage),
  mutate,
  bombs,
  run(input) {
    const view = new RosterView()
    let outcome = 'nothing'
    for (const frame of input) {
      const message = decodeClusterMessage(frame)
      outcome = message?.type ?? 'refused'
      if (message === null) continue
      // What is written anew may be longer: only GENESIS_CLUSTER writes these, and never so long.
      if (frame.length < maxRegistrationMessageBytes / 2)
        expectSame(
          decodeClusterMessage(encodeClusterMessage(message)),
          message,
          'encoded again it differs',
        )
      if (message.type === 'roster') view.apply(message)
    }
    return outcome
  },
}

export const rosterFileTarget: Target = {
  name: 'roster-file',
  weight: 2,
  valid: (dice) => [rosterFile(dice)],
  bombs,
  mutate: (dice, input, other) => mutateOne(dice, input, other, mutateJson),
  run([text = Buffer.alloc(0)]) {
    const saved = savedRosterOf(text.toString(), ownNode, { wallClock: 0, uptime: 0 })
    if ('damaged' in saved) return 'damaged'
    new Stage(saved).after()
    return 'used'
  },
}
