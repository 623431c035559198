import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, describe, it } from 'vitest'
import type { UpdateQueue } from '../../../src/queue/update-queue.ts'
import { openUpdateQueue } from '../../../src/queue/open-update-queue.ts'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { Child, repository } from '../../harness/child.ts'
import { eventually } from '../../harness/eventually.ts'
import { Mosquitto } from '../../harness/mosquitto.ts'
import { scratchDirectory } from '../../harness/scratch.ts'
import { available, pythonWithPaho } from '../../harness/tools.ts'
import { definitionFor } from './broker-definition.ts'

endProcessesAfterEach()

const table = 'FOREIGN'

const insert = (n: number): string => JSON.stringify({ kind: 'insert', record: { N: n } })

interface Tables {
  readonly [table]: { readonly N: number }
}

/** What a queue was told of the table, in short: numbers of records, and losses with their reasons. */
class Heard {
  readonly queue: UpdateQueue<Tables>
  readonly lines: string[] = []
  readonly refused: string[] = []

  static async at(broker: Mosquitto, process: string): Promise<Heard> {
    const definition = definitionFor([broker])
    const heard = new Heard(await openUpdateQueue<Tables>({ process, definition }))
    await heard.#subscribed()
    return heard
  }

  private constructor(queue: UpdateQueue<Tables>) {
    this.queue = queue
  }

  async #subscribed(): Promise<void> {
    const subscription = this.queue.subscribe(table, {
      onDelivery: (delivery) => {
        if (delivery.type === 'updates')
          for (const { record, foreign } of delivery.updates)
            this.lines.push(`${foreign ? 'foreign ' : ''}${record.N}`)
        if (delivery.type === 'loss')
          for (const { reason, from, to } of delivery.losses)
            this.lines.push(`${reason} ${from} ${to}`)
      },
    })
    void this.#listen()
    await subscription.ready
  }

  async #listen(): Promise<void> {
    for await (const event of this.queue.status())
      if (event.type === 'refused') this.refused.push(event.reason)
  }
}

const foreign = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, place) => `foreign ${first + place}`)

/** A program of Python at the broker, which does what it is told line by line. */
class PahoProgram {
  readonly child: Child
  #lines = 0

  static async start(broker: Mosquitto): Promise<PahoProgram> {
    const program = new PahoProgram(paho('mqtt_lines.py', [String(broker.port)]))
    await program.child.says(/^ready$/m)
    return program
  }

  private constructor(child: Child) {
    this.child = child
  }

  /** Resolves when the broker has it. */
  async does(line: string): Promise<void> {
    this.#lines += 1
    this.child.process.stdin?.write(`${line}\n`)
    await this.child.says(new RegExp(`(?:^done\\n[^]*){${this.#lines}}`, 'm'))
  }
}

function paho(script: string, args: readonly string[]): Child {
  const path = join(repository, 'test', 'system', 'processes', script)
  const program = pythonWithPaho() ?? ''
  return new Child({
    name: script,
    program,
    arguments: [path, ...args],
    ipc: false,
    keepsOutput: true,
  })
}

async function startCluster(broker: Mosquitto, name: string, says: RegExp): Promise<Child> {
  const file = join(scratchDirectory(), 'definition.kts')
  const items = Object.entries(definitionFor([broker]).global)
  const lines = items.map(([item, value]) => `item("${item}", "${value}")`)
  writeFileSync(file, `systemDefinition { global { ${lines.join('\n')} } }`)
  const command = join(repository, 'bin', 'tidings.js')
  const args = [command, 'cluster', '--definition', file]
  const child = new Child({ name, arguments: args, ipc: false })
  await child.says(says)
  return child
}

const takes = /^ready: .* takes what foreign programs publish at tcp:/m

const isRun = available('foreign programs at a broker', 'mosquitto', 'paho')
describe.runIf(isRun)('programs in other languages at a broker', () => {
  it('W5: what one publishes is numbered once, for all, and another one reads it', async () => {
    const broker = await Mosquitto.start()
    await startCluster(broker, 'cluster', takes)
    const heard = await Promise.all(['ONE', 'OTHER'].map((name) => Heard.at(broker, name)))
    const reader = paho('mqtt_reader.py', [String(broker.port), table])
    await reader.says(/^ready$/m)
    const program = await PahoProgram.start(broker)
    await program.does(`publish 500 ${table}`)
    await program.does(`say ${table} {"kind":"upsert","record":{}}`)
    await program.does(`publish 500 ${table}`)
    const all = [...foreign(1, 500), 'malformed 501 501', ...foreign(501, 1000)]
    for (const { lines } of heard) {
      await eventually('the last', () => lines.length >= all.length)
      expect(lines).toEqual(all)
    }
    // They know that somebody takes what is none of theirs.
    expect(heard.map(({ refused }) => refused.filter((reason) => reason !== 'bad-update'))).toEqual(
      [[], []],
    )
    await eventually('what the reader prints', () => reader.lines.length >= 1000)
    const read = reader.lines.map((line) => JSON.parse(line) as unknown)
    expect(read).toEqual(
      Array.from({ length: 1000 }, (_, n) => JSON.parse(insert(n + 1)) as unknown),
    )
    await Promise.all(heard.map(({ queue }) => queue.close()))
  })

  it('W5: one of several takes it, the next one where that ends, and nobody what is retained', async () => {
    const broker = await Mosquitto.start()
    const program = await PahoProgram.start(broker)
    const heard = await Heard.at(broker, 'ONE')
    // Alone at the broker a subscription is ready before the broker knows of it: nobody owes anything.
    while (!heard.refused.includes('no intake')) await program.does(`say ${table} ${insert(0)}`)
    const first = await startCluster(broker, 'first', takes)
    const second = await startCluster(broker, 'second', /^ready: .* stands by/m)
    await program.does(`retain ${table} ${insert(1)}`)
    await eventually('the first', () => heard.lines.length === 1)
    await first.end('SIGTERM')
    await second.says(/warning: \S+ takes what foreign programs publish at tcp:/)
    await second.says(/1 message of a foreign program for table FOREIGN was not taken: retained/)
    await program.does(`say ${table} ${insert(2)}`)
    await eventually('the second', () => heard.lines.length >= 2)
    expect(heard.lines).toEqual(foreign(1, 2))
    await heard.queue.close()
  })

  it('W5: where the connection to the broker ends, a loss stands in the place of what may be missing', async () => {
    const broker = await Mosquitto.start()
    const cluster = await startCluster(broker, 'cluster', takes)
    const heard = await Heard.at(broker, 'ONE')
    const program = await PahoProgram.start(broker)
    await program.does(`publish 10 ${table}`)
    await eventually('all', () => heard.lines.length === 10)
    await broker.end('SIGKILL')
    await broker.start()
    const later = await PahoProgram.start(broker)
    const hasNew = () => heard.lines.slice(10).some((line) => line.startsWith('foreign '))
    // Until the intake is back nobody takes it.
    while (!hasNew()) await later.does(`publish 1 ${table}`)
    expect(heard.lines.slice(0, 11)).toEqual([...foreign(1, 10), 'foreign-overrun 11 11'])
    expect(cluster.log).toMatch(/the connection to the MQTT broker at .* is told as a loss of each/)
    await heard.queue.close()
  })
})
