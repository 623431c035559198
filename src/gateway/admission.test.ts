// Who may ask: by token, by Host, by Origin.
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openGateway } from '../../test/harness/open-gateway.ts'
import { scratchDirectory } from '../../test/harness/scratch.ts'
import { BearerTokens } from './bearer-tokens.ts'

const token = 'a'.repeat(31)
const tokens = [`${token}1`, `${token}2`]

function tokenFile(text: string, mode = 0o600): string {
  const file = join(scratchDirectory(), 'tokens')
  writeFileSync(file, text, { mode })
  return file
}

/** What is answered to a request with these headers, as no browser and no `fetch` would send them. */
function answered(
  port: number,
  headers: Record<string, string>,
  method = 'GET',
  path = '/healthz',
) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>(
    (resolve, reject) => {
      const asked = request({ port, host: '127.0.0.1', path, method, headers, agent: false })
      asked.once('error', reject)
      asked.once('response', (response) => {
        textOf(response).then(
          (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          reject,
        )
      })
      asked.end()
    },
  )
}

describe('tokens', () => {
  it('G4: let in who has one of the file, and nobody else; probes need none', async () => {
    const file = tokenFile(`# of the screens\n${tokens.join('\n\n')}\n`)
    const { ask, read, failures } = await openGateway({ tokens: BearerTokens.ofFile(file) })
    for (const path of ['/updates', '/metrics', '/nothing'])
      for (const authorization of [
        undefined,
        '',
        'Bearer',
        `Bearer ${token}3`,
        `Bearer ${token}`,
        `Basic ${tokens[0]}`,
      ]) {
        const headers = authorization === undefined ? {} : { Authorization: authorization }
        const { status, headers: answer } = await ask(path, { headers })
        expect([path, authorization, status]).toEqual([path, authorization, 401])
        expect(answer.get('www-authenticate')).toBe('Bearer')
      }
    const post = await ask('/updates/TRADE', { method: 'POST', body: '{}' })
    expect(post.status).toBe(401)
    for (const path of ['/healthz', '/readyz']) expect((await ask(path)).status).toBe(200)
    for (const each of tokens) await read('/updates', { Authorization: `Bearer ${each}` })
    expect(failures).toEqual([])
  })

  it.each([
    ['that is too short', 'abc', 0o600, /tokens:1: a token must have at least 32 characters/],
    [
      'with another character, on its line',
      `${tokens[0]}\n${tokens[1]} x`,
      0o600,
      /tokens:2: a token/,
    ],
    ['without a token', '# nothing\n', 0o600, /has no token/],
    ['that others may read', tokens[0] ?? '', 0o644, /its mode is 644/],
  ])('of a file %s are refused, and not shown', (_, text, mode, told) => {
    const file = tokenFile(text, mode)
    expect(() => BearerTokens.ofFile(file)).toThrow(told)
    expect(() => BearerTokens.ofFile(file)).not.toThrow(/aaaa/)
  })
})

describe('Host', () => {
  it.each(['localhost:80', '127.0.0.1', '[::1]:8080', '10.1.2.3'])('%s is taken', async (host) => {
    const { port } = await openGateway()
    expect((await answered(port, { host })).status).toBe(200)
  })

  it.each(['rebound.example.org', 'localhost.example.org', 'a b'])(
    'G4: "%s", which a browser may have been told to look up here, is refused',
    async (host) => {
      const { port } = await openGateway()
      const { status } = await answered(port, { host })
      expect([400, 421]).toContain(status)
    },
  )

  it('may be a name that was given', async () => {
    const { port } = await openGateway({ names: new Set(['updates.example.org']) })
    expect((await answered(port, { host: 'Updates.example.org:8080' })).status).toBe(200)
    expect((await answered(port, { host: 'other.example.org' })).status).toBe(421)
  })
})

describe('Origin', () => {
  const own = { host: '127.0.0.1:80' }

  it('G4: of another page is refused, for reading and for publishing, and its browser is told nothing', async () => {
    const { port, queue } = await openGateway()
    for (const origin of [
      'https://evil.example.org',
      'null',
      'http://127.0.0.1:81',
      'https://127.0.0.1:80',
    ])
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const { status, headers } = await answered(port, { ...own, origin }, method, '/updates')
        expect([origin, method, status]).toEqual([origin, method, 403])
        expect(headers).not.toHaveProperty('access-control-allow-origin')
      }
    expect(queue.stats().published.commits).toBe(0)
  })

  it('G4: of none, from a page of elsewhere that loads it as a picture or a script, is refused', async () => {
    const { port } = await openGateway()
    const from = (site: string) => answered(port, { ...own, 'sec-fetch-site': site })
    expect((await from('cross-site')).status).toBe(403)
    expect((await from('same-site')).status).toBe(403)
    expect((await from('none')).status).toBe(200)
    expect((await from('same-origin')).status).toBe(200)
  })

  it('that was given may ask and read, once its browser has asked whether it may', async () => {
    const origin = 'https://app.example.org'
    const { port } = await openGateway({
      origins: new Set([origin]),
      tokens: BearerTokens.ofFile(tokenFile(tokens.join('\n'))),
    })
    const headers = { ...own, origin, 'sec-fetch-site': 'cross-site' }
    const preflight = await answered(port, headers, 'OPTIONS', '/updates')
    expect(preflight).toMatchObject({ status: 204 })
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': expect.stringContaining('Authorization') as string,
      vary: 'Origin',
    })
    const refused = await answered(port, headers, 'GET', '/metrics')
    expect(refused.status).toBe(401)
    const authorization = `Bearer ${tokens[0]}`
    const read = await answered(port, { ...headers, authorization }, 'GET', '/metrics')
    expect(read).toMatchObject({ status: 200 })
    expect(read.headers).toMatchObject({ 'access-control-allow-origin': origin })
  })
})
