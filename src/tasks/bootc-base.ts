// The image that dvm-base starts FROM: pulled by its pin, or made from the distribution's packages.
import { DvmError } from '../core/errors.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { BasePlan } from './base-plan.ts'
import type { Deps } from './deps.ts'
import type { StepVoice } from './steps.ts'

export interface BootcBase {
  /** What podman builds FROM. */
  readonly image: string
  readonly id: string
  /** What metadata.json records: the reference, or `bootstrap:RELEASE`. */
  readonly source: string
}

/**
 * Provides it. Only an unreachable registry leads to a bootstrap, and only for the pin: a digest that is gone, a refused
 * login or a base that the user named are errors.
 */
export const provideBootcBase = async (
  deps: Deps,
  builder: Instance,
  plan: BasePlan,
  voice: StepVoice,
  log: (line: string) => void,
  /** --clean and --no-cache: ask the registry whatever happened before. */
  askAgain: boolean,
): Promise<BootcBase> => {
  const bootstrap = async (release: string): Promise<BootcBase> => {
    voice.progress(`making ${release} from packages`)
    const script = await deps.assets.text(`${plan.flavour.name}/bootstrap-image.sh`)
    const id = await deps.builder.bootstrap(builder, script, log)
    return { image: id, id, source: `bootstrap:${release}` }
  }
  if (plan.bootcBase.kind === 'bootstrap') return bootstrap(plan.bootcBase.release)
  const { reference } = plan.bootcBase
  const { bootstrap: release } = plan.flavour
  // Once a base was bootstrapped here, asking an unreachable registry before each build would only cost time.
  const before = !askAgain && plan.current?.metadata.bootcBase === `bootstrap:${release}`
  if (
    plan.mayBootstrap &&
    release !== undefined &&
    before &&
    (await deps.builder.image(builder, reference)) === undefined
  )
    return bootstrap(release)
  try {
    voice.progress(`pulling ${reference}`)
    return { image: reference, id: await deps.builder.pull(builder, reference, log), source: reference }
  } catch (error) {
    const unreachable = error instanceof DvmError && error.code === 'network' && !isPinGone(error)
    if (!unreachable || !plan.mayBootstrap || release === undefined)
      throw deps.env.bootcBase === undefined ? error : blameVariable(error, 'DVM_BOOTC_BASE')
    voice.note(`the registry cannot be reached: making ${release} from signed packages instead`)
    return bootstrap(release)
  }
}

const isPinGone = (error: DvmError): boolean => error.message.startsWith('pin gone')

/** Updating the pins changes nothing for somebody who named the image. */
export const blameVariable = (error: unknown, variable: 'DVM_BOOTC_BASE' | 'DVM_BISC_IMAGE'): unknown =>
  error instanceof DvmError && isPinGone(error)
    ? error.with({
        message: `pin gone: the registry no longer has the digest that ${variable} names`,
        hint: `set ${variable} to a digest that is there, or unset it to use dvm's own pin`,
      })
    : error
