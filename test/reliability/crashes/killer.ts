// A thread that kills its process at an instant that nothing in the process decides, also amid a call of the database.
import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { shared, stages } from './crash-setup.ts'

const state = new Int32Array(workerData as SharedArrayBuffer)
Atomics.wait(state, shared.stage, stages.isFar)
while (Atomics.load(state, shared.stage) !== stages.isBegun);
const at = performance.now() + Atomics.load(state, shared.afterMicroseconds) / 1000
while (performance.now() < at);
writeSync(1, `${Atomics.load(state, shared.instant)}\n`)
process.kill(process.pid, 'SIGKILL')
