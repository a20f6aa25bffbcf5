// Certificates made by openssl, as a company has them: an authority of its own, and leaves that it signs for any host.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Authority extends Disposable {
  /** The authority's own certificate: its file, and what is in it. */
  readonly file: string
  readonly pem: string
  /** A certificate for a host, made at the first request. */
  leaf(host: string): { readonly key: string; readonly cert: string }
}

const openssl = (...args: readonly string[]): void =>
  void execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })

/** @param name what its certificate says, so that a test can look for it */
export const makeAuthority = (name: string): Authority => {
  const folder = mkdtempSync(join(tmpdir(), 'dvm-authority-'))
  const path = (file: string): string => join(folder, file)
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  // prettier-ignore
  openssl('req', '-x509', ...curve, '-days', '2', '-subj', `/CN=${name}`, '-keyout', path('ca.key'), '-out', path('ca.pem'),
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
  const made = new Map<string, { key: string; cert: string }>()
  return {
    file: path('ca.pem'),
    pem: readFileSync(path('ca.pem'), 'utf8'),
    leaf: (host) => {
      const known = made.get(host)
      if (known !== undefined) return known
      const names = `subjectAltName=${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`
      openssl('req', ...curve, '-subj', '/CN=leaf', '-keyout', path('leaf.key'), '-out', path('leaf.csr'))
      writeFileSync(path('leaf.ext'), `${names}\nextendedKeyUsage=serverAuth\n`)
      // prettier-ignore
      openssl('x509', '-req', '-in', path('leaf.csr'), '-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial',
        '-days', '2', '-extfile', path('leaf.ext'), '-out', path('leaf.pem'))
      const leaf = {
        key: readFileSync(path('leaf.key'), 'utf8'),
        cert: readFileSync(path('leaf.pem'), 'utf8'),
      }
      made.set(host, leaf)
      return leaf
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
