import { describe, expect, it, vi } from 'vitest'
import { newKeyPair } from '../model/key-pair.ts'
import { Keys } from './keys/keys.ts'
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

  it('Z7: demands a key on every bound socket', () => {
    const pair = newKeyPair()
    const keys = new Keys({ file: '/nowhere', ring: [pair] })
    const server = { curveServer: true, curvePublicKey: pair.public, curveSecretKey: pair.secret }
    for (const bound of [
      options.boundXsub,
      options.inboundXsub,
      options.boundXpub,
      options.boundRouter,
      options.registrationRouter,
    ]) {
      expect(bound('tidings-1', keys)).toMatchObject(server)
      expect(bound('tidings-1')).not.toHaveProperty('curveServer')
    }
  })

  it('takes no larger frames than without keys, but for what encryption adds to them', () => {
    const keys = new Keys({ file: '/nowhere', ring: [newKeyPair()] })
    const { maxFrameBytes, maxRequestBytes } = options.socketLimits
    expect(options.connectingXsub().maxMessageSize).toBe(maxFrameBytes)
    expect(options.boundXpub('d').maxMessageSize).toBe(maxRequestBytes)
    expect(options.connectingXsub(keys).maxMessageSize).toBe(maxFrameBytes + 64)
    expect(options.boundXpub('d', keys).maxMessageSize).toBe(maxRequestBytes + 64)
  })

  it('takes the marks of updates, and no others, from the environment of a test', () => {
    vi.stubEnv('TIDINGS_HIGH_WATER_MARK', '10')
    const upstream = { receiveHighWaterMark: options.socketLimits.upstreamHighWaterMark }
    expect(options.boundXpub('d')).toMatchObject({ sendHighWaterMark: 10, ...upstream })
    const xsub = { sendHighWaterMark: 0, receiveHighWaterMark: 10 }
    expect(options.connectingXsub()).toMatchObject(xsub)
    for (const wrong of ['0', 'ten', '1.5']) {
      vi.stubEnv('TIDINGS_HIGH_WATER_MARK', wrong)
      expect(options.connectingXsub).toThrow(expect.objectContaining({ code: 'USAGE' }))
    }
    vi.unstubAllEnvs()
  })

  it('tries more often within a node, whose GENESIS_CLUSTER may be back at any instant, than between nodes', () => {
    const { reconnectMaxIntervalMs, nearReconnectMaxIntervalMs } = options.socketLimits
    // Several connections of a process come back one after the other, and then updates flow within two seconds.
    expect(nearReconnectMaxIntervalMs).toBeLessThanOrEqual(500)
    for (const connecting of [
      options.connectingXsub,
      options.connectingXpub,
      options.connectingDealer,
    ]) {
      const near = { reconnectMaxInterval: nearReconnectMaxIntervalMs }
      expect(connecting()).toMatchObject(near)
      const far = { reconnectMaxInterval: reconnectMaxIntervalMs }
      expect(options.farApart(connecting())).toMatchObject(far)
    }
  })

  it('never drops subscriptions, nor keeps those of a dead peer', () => {
    expect(options.connectingXsub().sendHighWaterMark).toBe(0)
    expect(options.boundXsub('d').sendHighWaterMark).toBe(0)
    expect(options.connectingXpub().immediate).toBe(true)
    expect(options.connectingXsub().immediate).toBe(true)
  })
})
