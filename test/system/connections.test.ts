import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { isRelay, shapes } from '../harness/definition-file.ts'
import { maxNodes } from '../harness/loopback.ts'
import { expectedConnections, runConnections } from './connections-run.ts'

endProcessesAfterEach()

for (const shape of shapes.filter((each) => !isRelay(each) || maxNodes >= 2)) {
  it(`${shape}: ten processes have the connections of the plan and no other`, async () => {
    expect(await runConnections(shape)).toEqual(expectedConnections[shape])
  })
}
