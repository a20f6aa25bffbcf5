// Proxies and certificates that the environment names.
import {
  judgeCertificateDirectories,
  judgeCertificates,
  judgeProxies,
  type CertificateFile,
} from '../../core/doctor/network.ts'
import { findingOf, ok, type Finding } from '../../core/finding.ts'
import { proxySetting } from '../../core/proxy.ts'
import { redact } from '../../core/redact.ts'
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

/** What dvm itself says of the settings, when it is about this variable. */
const settingsProblem = async ({ deps }: View, variable: string): Promise<Finding | undefined> => {
  try {
    await deps.network()
    return undefined
  } catch (error) {
    const finding = findingOf(variable, 'problem', error)
    if (finding === undefined) throw error
    return finding.found.startsWith(variable) ? finding : undefined
  }
}

/** Where images are asked for first. Nothing to say without. */
export const mirrors: Check = {
  name: 'registry mirrors',
  run: async (view) => {
    const { registryMirrors } = view.deps.env
    if (registryMirrors === undefined) return []
    const wrong = await settingsProblem(view, 'DVM_REGISTRY_MIRRORS')
    if (wrong !== undefined) return [{ ...wrong, name: 'registry mirrors' }]
    return [ok('registry mirrors', redact(registryMirrors))]
  },
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
    const { caBundle } = view.deps.env
    if (caBundle !== undefined) {
      const file = judgeCertificates('DVM_CA_BUNDLE', caBundle, await fileAt(view, caBundle))
      found.push(file.state === 'ok' ? ((await settingsProblem(view, 'DVM_CA_BUNDLE')) ?? file) : file)
    }
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
