// Proxy variables of the environment: which are in force, which can be used, and how they are shown without their secrets.
import { DvmError } from './errors.ts'

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

export interface Proxy {
  /** With its colon. */
  readonly protocol: string
  /** `user:password@`, percent-encoded down to letters, digits and `-._%:@`; empty without one. */
  readonly login: string
  readonly host: string
  /** Always said: curl takes 1080 where others take 80. */
  readonly port: string
}

const ports: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

const plain = (text: string): string =>
  text.replaceAll(/[^\w.%-]/g, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )

/**
 * A proxy of the environment, in an alphabet that shells, systemd, TOML and apt take literally.
 * @throws DvmError `config` when it is none. The value is not shown: it may hold a password.
 */
export const parseProxy = (
  variables: Variables,
  variable: 'HTTP_PROXY' | 'HTTPS_PROXY',
): Proxy | undefined => {
  const { name, value } = proxySetting(variables, variable)
  if (value === '') return undefined
  const bad = new DvmError('config', `${name} is not the address of a proxy`, {
    hint: `export ${name}=http://HOST:PORT`,
  })
  if (proxyAddress(value) === undefined) throw bad
  const { protocol, username, password, hostname, port } = new URL(value)
  if (!/^(\[[0-9a-f:.]+\]|[\w.-]+)$/i.test(hostname)) throw bad
  return {
    protocol,
    login:
      username + password === '' ? '' : `${plain(username)}${password === '' ? '' : `:${plain(password)}`}@`,
    host: hostname,
    port: port === '' ? (ports[protocol] ?? '1080') : port,
  }
}

/** Never behind a proxy. */
export const loopbackNames: readonly string[] = ['localhost', '127.0.0.1', '::1']

/** @throws DvmError `config` for an entry that is neither a host, a domain, an address nor a network. */
export const parseExceptions = (variables: Variables): readonly string[] => {
  const { name, value } = proxySetting(variables, 'NO_PROXY')
  const entries = value.split(/[\s,]+/).filter((entry) => entry !== '')
  const wrong = entries.find(
    (entry) =>
      !/^(\*|(\*\.|\.)?[\w.-]+(\/\d{1,3})?(:\d{1,5})?|\[?[0-9a-f:.]+\]?(\/\d{1,3})?(:\d{1,5})?)$/i.test(
        entry,
      ),
  )
  if (wrong === undefined) return entries
  throw new DvmError('config', `${name} names ${JSON.stringify(wrong)}, which is no host and no network`, {
    hint: `export ${name}=localhost,.example.com,10.0.0.0/8`,
  })
}
