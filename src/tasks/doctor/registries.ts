// Whether the images that a build would pull are served, and which builds stop when they are not.
import { DvmError } from '../../core/errors.ts'
import { ok, problem, warning, type Finding } from '../../core/finding.ts'
import type { Role } from '../../core/pin.ts'
import { parseReference, shortDigest } from '../../core/reference.ts'
import type { Flavour } from '../../core/flavour.ts'
import { bootcBaseOf, diskBuilderOf } from '../base-plan.ts'
import type { Deps } from '../deps.ts'
import { flavourHere } from './base.ts'
import type { Check, View } from './check.ts'

const nameOf = (role: Role): string => `${role} image`

/** The reference that a build pulls for a role; undefined when it pulls none. */
const referenceOf = async (deps: Deps, flavour: Flavour, role: Role): Promise<string | undefined> => {
  if (role === 'disk-builder') return diskBuilderOf(deps, flavour)
  const source = await bootcBaseOf(deps, flavour)
  return source.kind === 'image' ? source.reference : undefined
}

const tryLater = 'check the network, and HTTPS_PROXY and NO_PROXY if there is a proxy'

/** Only a registry that gives no answer leads to a bootstrap, and only for the pin: see ../bootc-base.ts. */
const failed = (deps: Deps, flavour: Flavour, role: Role, error: DvmError): Finding => {
  const name = nameOf(role)
  const variable = role === 'bootc-base' ? 'DVM_BOOTC_BASE' : 'DVM_BISC_IMAGE'
  const isNamed = (role === 'bootc-base' ? deps.env.bootcBase : deps.env.diskBuilder) !== undefined
  const stops = `no build of ${flavour.name} that has to pull it can succeed; bases that are built keep booting`
  if (error.code === 'network') {
    const bootstraps = role === 'bootc-base' && flavour.bootstrap !== undefined && !isNamed
    const effect = bootstraps
      ? `a build that gets no answer either makes ${flavour.bootstrap} from signed packages`
      : stops
    return warning(name, `${error.message}: ${effect}`, error.hint ?? tryLater)
  }
  if (error.code !== 'not-found') return problem(name, error.message, error.hint ?? tryLater)
  return problem(
    name,
    `${error.message}: ${stops}`,
    isNamed
      ? `set ${variable} to a digest that is there, or unset it`
      : 'dvm pins check, then: dvm pins update',
  )
}

const look = async (view: View, role: Role): Promise<readonly Finding[]> => {
  const { deps } = view
  // An unknown flavour is told elsewhere.
  const here = await flavourHere(view).catch(() => undefined)
  if (here === undefined) return []
  const { flavour } = here
  // Node reads it in one piece, whatever it is: from a pipe it would never come back.
  const certificates = view.facts.variable('SSL_CERT_FILE') ?? ''
  if (certificates !== '' && (await view.facts.kind(certificates)) === 'other')
    return [warning(nameOf(role), 'not asked, because of SSL_CERT_FILE', 'repair that, then: dvm doctor')]
  try {
    const text = await referenceOf(deps, flavour, role)
    if (text === undefined) return []
    const reference = parseReference(text)
    const digest = await deps.registry.resolve(reference)
    return [ok(nameOf(role), `${reference.registry} serves ${reference.repository}@${shortDigest(digest)}`)]
  } catch (error) {
    if (error instanceof DvmError) return [failed(deps, flavour, role, error)]
    throw error
  }
}

const registry = (role: Role): Check => ({
  name: nameOf(role),
  run: (view) => look(view, role),
  late: (seconds) => [
    warning(
      nameOf(role),
      `no answer within ${seconds} s: builds that have to pull from it fail, or make their base from packages`,
      tryLater,
    ),
  ],
})

export const bootcBase = registry('bootc-base')
export const diskBuilder = registry('disk-builder')
