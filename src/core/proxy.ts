// Proxy variables of the environment: which are in force, which can be used, and how they are shown without their secrets.

type Variables = (name: string) => string | undefined

export interface ProxySetting {
  /** The variable as it is spelled in the environment. */
  readonly name: string
  readonly value: string
}

/** A small spelling goes before a capital one, as for curl, even when it is empty. */
export const proxySetting = (
  variables: Variables,
  name: 'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY',
): ProxySetting => {
  const small = variables(name.toLowerCase())
  return small === undefined
    ? { name, value: variables(name) ?? '' }
    : { name: name.toLowerCase(), value: small }
}

/** The proxy's URL without user, password, path and query; undefined when it is no proxy that can be used. */
export const proxyAddress = (value: string): string | undefined => {
  if (!URL.canParse(value)) return undefined
  const { protocol, host } = new URL(value)
  return /^(https?|socks5?):$/.test(protocol) && host !== '' ? `${protocol}//${host}` : undefined
}
