// The boot test: a throw-away VM from the candidate must come up and be healthy before anything is published.
import { bootProblems, parseBootReport } from '../core/boot-check.ts'
import { hopelessConsole } from '../core/console.ts'
import { DvmError, messageOf } from '../core/errors.ts'
import { bootTestInstance } from '../core/names.ts'
import { gib } from '../core/sizes.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { findInstance, sweepBootTest } from './builder-vm.ts'
import type { StepVoice } from './steps.ts'

interface Candidate {
  readonly disk: string
  /** Bytes */
  readonly virtualSize: number
  /** A private file for the instance document. */
  readonly document: string
}

const refuse = async (deps: Deps, why: string, directory: string | undefined): Promise<never> => {
  const console = directory === undefined ? [] : await deps.consoles.tail(directory, 20)
  throw new DvmError('failed', `the new base does not pass the boot test: ${why}`, {
    hint: 'correct your Containerfile and build again; the old base stays in use',
    tail: console,
  })
}

/** Watches the console while Lima waits, and stops the VM as soon as it is hopeless. Resolves to why, if so. */
const watchConsole = (
  deps: Deps,
  directory: string,
): { readonly stop: () => Promise<string | undefined> } => {
  let over = false
  let wake = (): void => undefined
  const watching = (async () => {
    for (;;) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 2000)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      if (over) return undefined
      const reason = hopelessConsole(await deps.consoles.tail(directory, 200))
      if (reason === undefined) continue
      await deps.undo.lima.stop(bootTestInstance, { force: true }).catch(() => undefined)
      return reason
    }
  })()
  return {
    stop: () => {
      over = true
      wake()
      return watching
    },
  }
}

/**
 * Boots the candidate and judges it.
 * @throws DvmError `failed` with the reason and the console's last lines.
 */
export const bootTest = async (
  deps: Deps,
  candidate: Candidate,
  voice: StepVoice,
  log: (line: string) => void,
): Promise<void> => {
  await sweepBootTest(deps, log)
  // Bigger than the image, so that a root that does not grow is seen.
  const diskGib = Math.ceil(candidate.virtualSize / gib) + 4
  try {
    await deps.lima.create(
      {
        name: bootTestInstance,
        template: candidate.document,
        cpus: Math.min(2, deps.host.cpus),
        memory: 2,
        disk: diskGib,
      },
      log,
    )
    const instance = await findInstance(deps, bootTestInstance)
    if (instance === undefined)
      throw new DvmError('failed', 'Lima does not list the boot test VM right after it was made')
    await startWatched(deps, instance, voice, log)
    voice.progress('asking the guest')
    const running = (await findInstance(deps, bootTestInstance)) ?? instance
    const script = await deps.assets.text('guest/boot-check.sh')
    const checked = await deps.lima.run(
      running,
      { argv: ['sudo', 'bash', '-s'], input: script, timeoutMs: 600_000 },
      log,
    )
    if (checked.exitCode !== 0) await refuse(deps, 'it boots, but does not answer over ssh', instance.dir)
    const problems = bootProblems(parseBootReport(checked.stdout), (diskGib - 3) * gib)
    if (problems.length > 0) await refuse(deps, problems.join('; '), undefined)
  } finally {
    await deps.undo.lima
      .delete(bootTestInstance, { force: true }, log)
      .catch((error: unknown) => log(messageOf(error)))
  }
}

const startWatched = async (
  deps: Deps,
  instance: Instance,
  voice: StepVoice,
  log: (line: string) => void,
): Promise<void> => {
  voice.progress('booting a throw-away VM from it')
  const watch = watchConsole(deps, instance.dir)
  try {
    await deps.lima.start(bootTestInstance, {}, log)
  } catch (error) {
    deps.signal.throwIfAborted()
    const reason = await watch.stop()
    await refuse(deps, reason ?? messageOf(error), instance.dir)
  } finally {
    await watch.stop()
  }
}
