// The main thread does not import the package; its worker opens a queue.
import { Worker } from 'node:worker_threads'

const options = JSON.parse(process.argv[2] ?? '') as object
const code = `const { workerData } = require('node:worker_threads')
  import(workerData.door).then(({ openUpdateQueue }) => openUpdateQueue(workerData.options))
    .then((queue) => queue.close(), (error) => console.log(error.code, error.message))`
const door = new URL('../../../src/index.ts', import.meta.url).href
const worker = new Worker(code, { eval: true, workerData: { door, options } })
worker.on('error', (error) => console.log(String(error)))
