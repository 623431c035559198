import { RefusedRequest } from '../streams/refused-request.ts'

export const pathOf = (url = ''): string => url.split('?', 1)[0] ?? ''

export const queryOf = (url = ''): URLSearchParams =>
  new URLSearchParams(url.slice(pathOf(url).length))

/**
 * Whether the one parameter that a path has is there, whatever its value.
 * @throws RefusedRequest 400
 */
export function hasParameter(url: string | undefined, name: string): boolean {
  const query = queryOf(url)
  const others = [...query.keys()].filter((each) => each !== name)
  if (others.length > 0)
    throw new RefusedRequest(400, `there is no parameter "${others[0]}"; there is ${name}`)
  return query.has(name)
}
