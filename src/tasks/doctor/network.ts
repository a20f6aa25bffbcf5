// Proxies and certificates that the environment names.
import {
  judgeCertificateDirectories,
  judgeCertificates,
  judgeProxies,
  type CertificateFile,
} from '../../core/doctor/network.ts'
import { ok, type Finding } from '../../core/finding.ts'
import { proxySetting } from '../../core/proxy.ts'
import type { Check, View } from './check.ts'

export const proxies: Check = {
  name: 'proxy',
  run: ({ facts }) => {
    const setting = (name: 'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY') =>
      proxySetting((each) => facts.variable(each), name)
    return Promise.resolve(judgeProxies([setting('HTTP_PROXY'), setting('HTTPS_PROXY')], setting('NO_PROXY')))
  },
}

/** A bundle of all authorities has a quarter of a megabyte. */
const largest = 16 << 20

const fileAt = async ({ deps, facts }: View, path: string): Promise<CertificateFile> => {
  // The kind first: reading a pipe would never end.
  const kind = await facts.kind(path)
  if (kind !== 'file') return kind
  const size = (await deps.files.resolve(path))?.size ?? 0
  const text = size > largest ? '' : ((await deps.files.text(path)) ?? '')
  return /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/.test(text) ? 'certificates' : 'empty'
}

/** One finding for each variable that is set. */
export const certificates: Check = {
  name: 'certificates',
  run: async (view) => {
    const set = (variable: string): string => view.facts.variable(variable) ?? ''
    const found: Finding[] = []
    for (const variable of ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'])
      if (set(variable) !== '')
        found.push(judgeCertificates(variable, set(variable), await fileAt(view, set(variable))))
    const folders = set('SSL_CERT_DIR')
    if (folders !== '') {
      const readable: string[] = []
      for (const path of folders.split(':'))
        if ((await view.facts.kind(path)) === 'directory') readable.push(path)
      found.push(judgeCertificateDirectories('SSL_CERT_DIR', folders, readable))
    }
    return found.length > 0 ? found : [ok('certificates', "the system's and Node's own")]
  },
}
