// A process that does with a data layer what the test asks for: node layer-child.ts PROGRAM
import { pathToFileURL } from 'node:url'
import type { LayerAnswer, LayerCall, LayerCases } from './layer-cases.ts'

const [program = ''] = process.argv.slice(2)
const { cases } = (await import(pathToFileURL(program).href)) as { cases: LayerCases }

async function answer([name, ...words]: LayerCall): Promise<LayerAnswer> {
  try {
    const method: (...given: string[]) => Promise<void> = cases[name]
    await method(...words)
    return { error: null }
  } catch (error) {
    return { error: String(error) }
  }
}

async function act(call: LayerCall): Promise<void> {
  const isLast = call[0] === 'close'
  process.send?.(await answer(call), undefined, undefined, () => isLast && process.disconnect())
}

process.on('message', (call: LayerCall) => void act(call))
process.send?.('open')
