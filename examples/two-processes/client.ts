// Writes at one process and reads at the other, a hundred times: each answer has what was just written.
const at = (port: string | undefined, path: string): string => `http://127.0.0.1:${port}/${path}`
const writer = process.env['WRITER_PORT'] ?? '8081'
const view = process.env['VIEW_PORT'] ?? '8082'

for (let amount = 1; amount <= 100; amount++) {
  const written = await fetch(at(writer, `T${amount % 3}/${amount}`), { method: 'PUT' })
  const token = written.headers.get('commit-token') ?? ''
  const read = await fetch(at(view, `T${amount % 3}`), { headers: { 'commit-token': token } })
  const price = (await read.json()) as { ID: string; AMOUNT: number }
  if (price.AMOUNT !== amount) throw new Error(`${amount} was written, and ${price.AMOUNT} is read`)
}
console.log('wrote and read 100 prices: each answer had what was just written')
