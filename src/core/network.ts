// What a company's network asks for: proxies, certificates of its own, registry mirrors. Said once on the host; this is where it is read
// and where it becomes what a guest sees. Values are brought into an alphabet that no file format of a guest reads as syntax.
import { X509Certificate } from 'node:crypto'
import { DvmError } from './errors.ts'
import { parseMirrors, type Mirror } from './mirrors.ts'
import { loopbackNames, parseExceptions, parseProxy, type Proxy } from './proxy.ts'
import { vmTrust } from './trust.ts'

export interface NetworkSettings {
  /** As this machine reaches them; undefined = none. */
  readonly httpProxy: Proxy | undefined
  readonly httpsProxy: Proxy | undefined
  /** Hosts that are reached without a proxy. */
  readonly exceptions: readonly string[]
  readonly mirrors: readonly Mirror[]
  /** PEM, one certificate each. */
  readonly certificates: readonly string[]
}

/** The same as a guest sees it. */
export interface GuestNetwork {
  /** What programs in it get. Proxies in both spellings, because no two tools read the same one; they may hold passwords. */
  readonly environment: Readonly<Record<string, string>>
  readonly mirrors: readonly Mirror[]
  readonly certificates: readonly string[]
}

/** This machine's loopback as seen from a guest: Lima's gateway, by number because containers do not know Lima's names. */
export const hostInGuest = '192.168.5.2'

export const isLoopback = (host: string): boolean =>
  /^(localhost|.*\.localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1?\])$/i.test(host)

export interface RawNetwork {
  readonly variable: (name: string) => string | undefined
  /** DVM_REGISTRY_MIRRORS */
  readonly mirrors: string | undefined
  /** What is in DVM_CA_BUNDLE, with its path for messages. */
  readonly bundle: { readonly path: string; readonly text: string } | undefined
}

/** @throws DvmError `config` that names the variable, and never shows what a password may be part of. */
export const parseNetwork = ({ variable, mirrors, bundle }: RawNetwork): NetworkSettings => ({
  httpProxy: parseProxy(variable, 'HTTP_PROXY'),
  httpsProxy: parseProxy(variable, 'HTTPS_PROXY'),
  exceptions: parseExceptions(variable),
  mirrors: mirrors === undefined ? [] : parseMirrors(mirrors),
  certificates: bundle === undefined ? [] : parseCertificates(bundle.path, bundle.text),
})

/** More is somebody's whole store of authorities: it would travel with each sync, and bring back what a distribution has dropped. */
const mostCertificates = 40

/** A DVM_CA_BUNDLE that cannot be used: whoever reads the file and whoever reads what is in it say so alike. */
export const badBundle = (path: string, why: string): DvmError =>
  new DvmError('config', `DVM_CA_BUNDLE: ${path} ${why}`, {
    hint: "set it to a PEM file with your company's own certificates, or unset it",
  })

const parseCertificates = (path: string, text: string): readonly string[] => {
  const bad = (why: string): DvmError => badBundle(path, why)
  // Nothing else of the file leaves this machine: it may hold a key.
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw bad('holds no certificate in PEM')
  if (blocks.length > mostCertificates)
    throw bad(`holds ${blocks.length} certificates, ${mostCertificates} are the most`)
  const parsed = blocks.map((block, index) => {
    try {
      return new X509Certificate(block).toString()
    } catch {
      throw bad(`holds something that is no certificate (the ${index + 1}. of ${blocks.length})`)
    }
  })
  return [...new Set(parsed.map((each) => `${each.trimEnd()}\n`))]
}

export const guestNetwork = (settings: NetworkSettings): GuestNetwork => ({
  environment: {
    ...proxyEnvironment(settings),
    ...(settings.certificates.length === 0 ? {} : Object.fromEntries(vmTrust)),
  },
  mirrors: settings.mirrors.map((mirror) => ({
    ...mirror,
    host: isLoopback(mirror.host) ? hostInGuest : mirror.host,
  })),
  certificates: settings.certificates,
})

const proxyEnvironment = ({
  httpProxy,
  httpsProxy,
  exceptions,
}: NetworkSettings): Readonly<Record<string, string>> => {
  if (httpProxy === undefined && httpsProxy === undefined) return {}
  // A guest's own loopback, and this machine, need no proxy.
  const without = [...new Set([...exceptions, ...loopbackNames, hostInGuest, 'host.lima.internal'])].join(',')
  return Object.fromEntries(
    [
      ['http_proxy', inGuest(httpProxy)],
      ['https_proxy', inGuest(httpsProxy)],
      ['no_proxy', without],
    ].flatMap(([name = '', value]) =>
      value === undefined
        ? []
        : [
            [name, value],
            [name.toUpperCase(), value],
          ],
    ),
  )
}

const inGuest = (proxy: Proxy | undefined): string | undefined =>
  proxy &&
  `${proxy.protocol}//${proxy.login}${isLoopback(proxy.host) ? hostInGuest : proxy.host}:${proxy.port}`

/** The names that a guest may see, for tools that pass a variable on by its name. */
export const proxyVariables: readonly string[] = ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => [
  name,
  name.toUpperCase(),
])
