/**
 * A DNS server for the machines of a test. As a program: `node name-server.ts ADDRESS FILE`. It answers by the file, which it
 * reads for each question: JSON, `{ "host": ["10.0.0.1", "fd00::1"] }`. A name that is not there does not exist;
 * without the file it does not answer at all.
 */
import { createSocket } from 'node:dgram'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isIPv4, isIPv6 } from 'node:net'
import { join } from 'node:path'
import { Child, repository } from './child.ts'
import type { Machine } from './network.ts'
import { scratchDirectory } from './scratch.ts'

/** Address on the loopback interface of each machine that asks it: DNS has one port. */
const address = '127.0.0.53'
const port = 53
const types = { A: 1, AAAA: 28 } as const
const notThere = 3

type Answers = Readonly<Record<string, readonly string[]>>

/** What machines are told of names; each asks a server of its own, and all have one file. */
export class NameService {
  readonly #file = join(scratchDirectory(), 'names.json')

  readonly #servers = new Map<string, Child>()

  /** Names are asked for here alone from now on: nothing else is in the machine's hosts file. */
  async serve(machine: Machine): Promise<void> {
    machine.hosts([])
    machine.nameServer(address, 'timeout:1 attempts:1')
    const server = new Child({
      name: `name server of ${machine.name}`,
      arguments: [join(repository, 'test', 'harness', 'name-server.ts'), address, this.#file],
      place: machine.place,
      ipc: false,
      keepsOutput: true,
    })
    this.#servers.set(machine.name, server)
    await server.prints(/ready/)
  }

  /** Questions of this machine that were given no answer. */
  unanswered({ name }: Machine): number {
    return this.#servers.get(name)?.output.split('no answer').length ?? 0
  }

  answer(answers: Answers): void {
    // Never half of it: the servers read it at any moment.
    writeFileSync(`${this.#file}.new`, JSON.stringify(answers))
    renameSync(`${this.#file}.new`, this.#file)
  }

  /** Nobody is answered until the next `answer()`. */
  fallSilent(): void {
    rmSync(this.#file, { force: true })
  }
}

/** null: no answer is given. */
function reply(question: Buffer, file: string): Buffer | null {
  let answers: Answers
  try {
    answers = JSON.parse(readFileSync(file, 'utf8')) as Answers
  } catch {
    return null
  }
  const { name, end } = nameIn(question)
  const type = question.readUInt16BE(end)
  const known = answers[name.toLowerCase()]
  const addresses = (known ?? []).filter(
    type === types.A ? isIPv4 : type === types.AAAA ? isIPv6 : () => false,
  )
  const head = Buffer.alloc(12)
  question.copy(head, 0, 0, 2)
  head.writeUInt16BE(0x8180 | (known ? 0 : notThere), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(addresses.length, 6)
  const records = addresses.map((each) => record(type, bytesOf(each)))
  return Buffer.concat([head, question.subarray(12, end + 4), ...records])
}

/** The name that is asked for, and where its type stands. */
function nameIn(question: Buffer): { name: string; end: number } {
  const labels: string[] = []
  let place = 12
  for (let length = question[place] ?? 0; length > 0; length = question[place] ?? 0) {
    labels.push(question.toString('latin1', place + 1, place + 1 + length))
    place += 1 + length
  }
  return { name: labels.join('.'), end: place + 1 }
}

/** Of the name that was asked for, to be forgotten at once. */
function record(type: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(bytes.length, 10)
  return Buffer.concat([head, bytes])
}

function bytesOf(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number))
  const [before = '', after] = text.split('::')
  const words = (part: string) => (part === '' ? [] : part.split(':'))
  const [first, last] = [words(before), words(after ?? '')]
  const missing = after === undefined ? 0 : 8 - first.length - last.length
  const all = [...first, ...Array.from({ length: missing }, () => '0'), ...last]
  return Buffer.from(all.map((word) => word.padStart(4, '0')).join(''), 'hex')
}

if (import.meta.main) {
  const [at, file = ''] = process.argv.slice(2)
  const socket = createSocket('udp4')
  socket.on('message', (question, { address: from, port: fromPort }) => {
    const answer = reply(question, file)
    if (answer) socket.send(answer, fromPort, from)
    else console.log('no answer')
  })
  socket.bind(port, at, () => console.log('ready'))
}
