// The inside of a VM at a sync: the account, its directories and who may log in to it, then the user's setup.sh, in one round trip.
import { DvmError, withLog } from '../core/errors.ts'
import { renderGuestScript, setupMarker, type GuestScript } from '../core/guest-script.ts'
import { workFile, workMark } from '../core/guest-work.ts'
import { parseHostKey } from '../core/host-keys.ts'
import { instanceOf } from '../core/names.ts'
import { portText, type VmConfig } from '../core/config.ts'
import { setupFailure } from '../core/setup-failure.ts'
import type { Instance, Lima } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { networkEnvironment, networkScript } from './network.ts'
import type { StepVoice } from './steps.ts'

export interface GuestWork {
  readonly vm: string
  readonly config: VmConfig
  readonly instance: Instance
  readonly setup: { readonly path: string; readonly text: string } | undefined
  /** Told each ssh host key of the guest, also when setup.sh fails later. */
  readonly onHostKey: (key: string) => void
}

/** Where a VM's code is, in the guest. */
export const codeDirectory = (user: string, vm: string): string => `/home/${user}/code/${vm}`

/** What setup.sh may rely on. */
const guestValues = (vm: string, config: VmConfig): Record<string, string> => ({
  DVM_NAME: vm,
  DVM_VM: vm,
  DVM_LIMA_NAME: instanceOf(vm),
  DVM_USER: config.user,
  DVM_CODE_DIR: codeDirectory(config.user, vm),
  DVM_PORTS: config.ports.map(portText).join(','),
  DVM_SUBUID_COUNT: String(config.subuidCount),
  DVM_SUBGID_COUNT: String(config.subgidCount),
})

const day = 24 * 3_600_000

/** As Lima's user, then as root: the network after the account, which is who may read its settings. */
const accountScripts = async (
  deps: Pick<Deps, 'assets' | 'network'>,
  user: string,
): Promise<Pick<GuestScript, 'before' | 'bootstrap'>> => {
  const [hostKeys, prepared, ...asRoot] = await Promise.all([
    deps.assets.text('guest/host-keys.sh'),
    deps.assets.text('guest/prepared.sh'),
    deps.assets.text('guest/bootstrap.sh'),
    networkScript(deps, user),
    deps.assets.text('guest/ssh-access.sh'),
  ])
  return { before: hostKeys + prepared, bootstrap: asRoot.join('\n') }
}

/** @throws DvmError `failed` naming the bootstrap or setup.sh, with the log's last lines. */
export const prepareGuest = async (deps: Deps, work: GuestWork, voice: StepVoice): Promise<void> => {
  const { vm, config, instance, setup, onHostKey } = work
  const log = deps.logs.open(deps.logs.pathOf(vm, 'setup'))
  let inSetup = false
  try {
    const script = renderGuestScript({
      values: guestValues(vm, config),
      ...(await accountScripts(deps, config.user)),
      environment: await networkEnvironment(deps),
      setup: setup?.text,
    })
    const completed = await deps.lima.run(
      instance,
      { argv: ['bash', '-s', '--', workMark], input: script, timeoutMs: day },
      (line, stream) => {
        // setup.sh may print what it likes: before it, stdout is root's own.
        const hostKey = inSetup || stream !== 'stdout' ? undefined : parseHostKey(line)
        if (line === setupMarker) inSetup = true
        else if (hostKey !== undefined) onHostKey(hostKey)
        else {
          log.line(line)
          voice.progress(line)
        }
      },
    )
    if (completed.exitCode === 0) return
    const tail = log.tail(20)
    const { message, hint } = inSetup
      ? setupFailure(String(setup?.path), vm, completed.exitCode, tail)
      : {
          message: `the account ${config.user} could not be prepared (exit code ${completed.exitCode})`,
          hint: `dvm sync ${vm}`,
        }
    throw new DvmError('failed', message, { hint, tail, logFile: log.path })
  } catch (error) {
    // A connection that dropped: what the guest had said until then. Otherwise this log has nothing to tell.
    throw log.tail(1).length > 0 ? withLog(error, log) : error
  } finally {
    log.close()
  }
}

const stopWork = async (deps: Deps, lima: Lima, vm: string, instance: Instance): Promise<void> => {
  const input = await deps.assets.text('guest/stop-sync.sh')
  const { exitCode } = await lima.run(instance, {
    argv: ['sudo', 'bash', '-s'],
    input,
    timeoutMs: 2 * 60_000,
  })
  if (exitCode !== 0)
    throw new DvmError('failed', `what the last sync of ${vm} left running in it could not be stopped`, {
      hint: `dvm stop ${vm}, then: dvm sync ${vm}`,
    })
  await deps.files.remove(workFile(deps.env.stateDir, vm))
}

/** After an interruption: what the sync started in the guest does not go on behind the next one's back. */
export const stopGuestWork = (deps: Deps, vm: string, instance: Instance): Promise<void> =>
  stopWork(deps, deps.undo.lima, vm, instance).catch(() => undefined)

/** Before a sync: the last one may have lost its connection, or have been killed. */
export const stopUnheardWork = async (
  deps: Deps,
  vm: string,
  instance: Instance,
  voice: StepVoice,
): Promise<void> => {
  if ((await deps.files.text(workFile(deps.env.stateDir, vm))) === undefined) return
  voice.note(`the last sync of ${vm} was cut off: stopping what it left running in it`)
  await stopWork(deps, deps.lima, vm, instance)
}
