import { describe, expect, it } from 'vitest'
import * as options from './socket-options.ts'

describe('socket options', () => {
  it('refuses a libzmq with known holes, and no later one', () => {
    const code = expect.objectContaining({ code: 'LIBZMQ_TOO_OLD' })
    for (const old of ['4.3.4', '4.2.9', '3.9.9', 'unknown']) {
      expect(() => options.requireLibzmq(old)).toThrow(code)
    }
    for (const fine of ['4.3.5', '4.3.10', '4.4.0', '5.0.0']) options.requireLibzmq(fine)
    options.requireLibzmq()
  })

  it('gives a new object each time: zeromq.js writes to the one it is given', () => {
    expect(options.connectingXsub()).not.toBe(options.connectingXsub())
    expect(options.connectingXsub()).toEqual(options.connectingXsub())
  })

  it('asks the access list on every bound socket', () => {
    for (const bound of [options.boundXsub, options.boundXpub, options.boundRouter]) {
      expect(bound('tidings-1')).toMatchObject({ zapDomain: 'tidings-1', zapEnforceDomain: true })
    }
  })

  it('never drops subscriptions, nor keeps those of a dead peer', () => {
    expect(options.connectingXsub().sendHighWaterMark).toBe(0)
    expect(options.boundXsub('d').sendHighWaterMark).toBe(0)
    expect(options.connectingXpub().immediate).toBe(true)
    expect(options.connectingXsub().immediate).toBeUndefined()
  })
})
