/**
 * A long way: `node delaying-proxy.ts <ms> <listen address> <target address> <port>…` takes connections at the
 * ports of one address and carries them to the same ports of the other, each byte so many milliseconds later.
 */
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

const [delay = '', from = '', to = '', ...ports] = process.argv.slice(2)
const ms = Number(delay)

/** In order, since all of one way take equally long. */
function carry(source: Socket, target: Socket): void {
  source.on('data', (bytes) => setTimeout(() => target.writable && target.write(bytes), ms))
  source.on('close', () => setTimeout(() => target.destroy(), ms))
  source.on('error', () => {})
}

for (const port of ports.map(Number)) {
  const server = createServer((near) => {
    near.setNoDelay(true)
    const far = connect(port, to)
    far.setNoDelay(true)
    carry(near, far)
    carry(far, near)
  })
  server.listen(port, from, () => console.log(`ready ${port}`))
}
