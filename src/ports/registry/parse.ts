// Reads the headers that registries answer with. Pure.

/** One way in that a 401 offers. */
export interface Challenge {
  /** Small letters: `bearer`, `basic`. */
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string>>
}

/** WWW-Authenticate, of which there may be several, each with several challenges. */
export const parseChallenges = (header: string | readonly string[] | undefined): Challenge[] => {
  const text = typeof header === 'string' ? header : (header ?? []).join(', ')
  const challenges: { scheme: string; parameters: Record<string, string> }[] = []
  const token = /\s*,?\s*([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/gy
  for (const [, name = '', quoted, bare] of text.matchAll(token)) {
    const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: {} })
    else {
      const last = challenges.at(-1)
      if (last !== undefined) last.parameters[name.toLowerCase()] = value
    }
  }
  return challenges
}

/** Retry-After in milliseconds from now: seconds or an HTTP date; undefined when absent or nonsense. */
export const parseRetryAfter = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header.trim()) * 1000
  const time = Date.parse(header)
  return Number.isNaN(time) ? undefined : Math.max(0, time - now)
}

/** The error codes of a registry's JSON body (`MANIFEST_UNKNOWN`), for messages. Never the free text around them. */
export const parseErrorCodes = (body: string): string[] => {
  try {
    const { errors } = JSON.parse(body) as { errors?: unknown }
    return (Array.isArray(errors) ? errors : [])
      .map((error: unknown) =>
        typeof error === 'object' && error !== null && 'code' in error ? error.code : '',
      )
      .filter((code): code is string => typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code))
  } catch {
    return []
  }
}

/** The token of an authorization server's answer, under either of its names. */
export const parseToken = (body: string): string | undefined => {
  try {
    const answer = JSON.parse(body) as { token?: unknown; access_token?: unknown }
    const token = [answer.token, answer.access_token].find((each) => typeof each === 'string' && each !== '')
    // What would break out of a header is no token.
    return typeof token === 'string' && /^[\u0021-\u007E]+$/.test(token) ? token : undefined
  } catch {
    return undefined
  }
}
