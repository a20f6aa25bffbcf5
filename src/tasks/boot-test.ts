// The boot test: a throw-away VM from the candidate must come up and be healthy before anything is published.
import { bootProblems, failsInOwnUnits, parseBootReport } from '../core/boot-check.ts'
import { DvmError, messageOf } from '../core/errors.ts'
import { bootTestInstance } from '../core/names.ts'
import { gib } from '../core/sizes.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { findInstance, sweepBootTest } from './builder-vm.ts'
import { startVm } from './start-vm.ts'
import type { StepVoice } from './steps.ts'

interface Candidate {
  readonly disk: string
  /** Bytes */
  readonly virtualSize: number
  /** A private file for the instance document. */
  readonly document: string
}

const correct = 'correct your Containerfile and build again; the old base stays in use'

const refusal = (why: string, tail: readonly string[] = [], hint = correct): DvmError =>
  new DvmError('failed', `the new base does not pass the boot test: ${why}`, { hint, tail })

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
  // Bigger than the image, so that a root that does not grow is seen; for a huge one by more than ext4 keeps for itself.
  const more = Math.max(4, Math.ceil(candidate.virtualSize / gib / 10))
  const diskGib = Math.ceil(candidate.virtualSize / gib) + more
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
    voice.progress('booting a throw-away VM from it')
    await startCandidate(deps, instance, log)
    voice.progress('asking the guest')
    const running = (await findInstance(deps, bootTestInstance)) ?? instance
    const script = await deps.assets.text('guest/boot-check.sh')
    const checked = await deps.lima.run(
      running,
      { argv: ['sudo', 'bash', '-s'], input: script, timeoutMs: 600_000 },
      log,
    )
    if (checked.exitCode !== 0)
      throw refusal('it boots, but cannot run the boot check', checked.stderr.split('\n').slice(-20))
    const report = parseBootReport(checked.stdout)
    const problems = bootProblems(report, (diskGib - 0.75 * more) * gib)
    if (problems.length === 1 && failsInOwnUnits(report))
      throw refusal(
        problems.join('; '),
        [],
        `${correct}. To publish it with them: dvm base build --no-boot-test`,
      )
    if (problems.length > 0) throw refusal(problems.join('; '))
  } finally {
    await deps.undo.lima
      .delete(bootTestInstance, { force: true }, log)
      .catch((error: unknown) => log(messageOf(error)))
  }
}

const startCandidate = async (deps: Deps, instance: Instance, log: (line: string) => void): Promise<void> => {
  try {
    await startVm(deps, instance, log)
  } catch (error) {
    deps.signal.throwIfAborted()
    if (!(error instanceof DvmError) || error.code !== 'failed') throw error
    // A host without room says nothing about the image.
    if (/no space/i.test(error.message)) throw error
    // The throw-away VM's name means nothing to anybody.
    throw refusal(error.message.replace(`${bootTestInstance} `, 'it '), error.tail)
  }
}
