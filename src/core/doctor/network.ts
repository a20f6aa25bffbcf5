// What the environment says about the way out: proxies, and the certificates that vouch for servers. Never shows a secret.
import { ok, problem, warning, type Finding } from '../finding.ts'
import { proxyAddress, type ProxySetting } from '../proxy.ts'

/** `settings`: those that are in force. */
export const judgeProxies = (
  proxies: readonly ProxySetting[],
  exceptions: ProxySetting,
): readonly Finding[] => {
  const used = proxies.filter(({ value }) => value !== '')
  if (used.length === 0) return [ok('proxy', 'none')]
  const wrong = used.filter(({ value }) => proxyAddress(value) === undefined)
  if (wrong.length > 0)
    return wrong.map(({ name }) =>
      // The value itself may hold a password, and nobody can say where in it.
      problem('proxy', `${name} is not the address of a proxy`, `export ${name}=http://HOST:PORT`),
    )
  const shown = used.map(({ name, value }) => {
    const { username, password } = new URL(value)
    return `${name}=${proxyAddress(value)}${username + password === '' ? '' : ' (with a login)'}`
  })
  const without = exceptions.value === '' ? [] : [`${exceptions.name}=${exceptions.value}`]
  return [ok('proxy', [...shown, ...without].join(', '))]
}

export type CertificateFile = 'certificates' | 'empty' | 'directory' | 'missing' | 'unreadable' | 'other'

const reasons: Readonly<Record<Exclude<CertificateFile, 'certificates' | 'empty'>, string>> = {
  directory: 'a directory',
  missing: 'not there',
  unreadable: 'closed to this user',
  other: 'not a file',
}

/** A variable that names a file of certificates, and what is at that path. */
export const judgeCertificates = (variable: string, path: string, file: CertificateFile): Finding => {
  if (file === 'certificates') return ok(variable, path)
  if (file === 'empty')
    return warning(variable, `${path} holds no certificate in PEM`, `unset ${variable}, or name a PEM file`)
  return problem(
    variable,
    `${path} is ${reasons[file]}`,
    `unset ${variable}, or name a PEM file that you may read`,
  )
}

/** Several directories may be named; one that can be read is enough. */
export const judgeCertificateDirectories = (
  variable: string,
  value: string,
  readable: readonly string[],
): Finding =>
  readable.length > 0
    ? ok(variable, readable.join(', '))
    : problem(
        variable,
        `${value}: there is no such directory that can be read`,
        `unset ${variable}, or name a directory of certificates`,
      )
