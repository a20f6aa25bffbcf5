// What the boot test's guest script reports, and which of it means that the base must not be published.
import { sizeText } from './sizes.ts'

export interface BootReport {
  readonly values: Readonly<Record<string, string>>
}

/** Reads the `key=value` lines of templates/guest/boot-check.sh; other lines are ignored. */
export const parseBootReport = (text: string): BootReport => ({
  values: Object.fromEntries(
    text
      .split('\n')
      .map((line) => /^([a-z_]+)=(.*)$/.exec(line.trim()))
      .filter((match) => match !== null)
      .map((match) => [match[1] ?? '', match[2] ?? '']),
  ),
})

const failedUnits = ({ values }: BootReport): readonly string[] =>
  (values['failed_units'] ?? '').split(/[\s,]+/).filter((unit) => unit !== '')

/** Without these a VM is of no use: they are the system's, Lima's or dvm's, whoever broke them. */
const needed = /^(cloud-|dbus|dev-zram|dvm-|init\.scope|lima-|local-fs|network|ssh|sysroot|systemd-|zram)/

/** True when units fail that only the user's image has: whoever knows of it may publish the base all the same. */
export const failsInOwnUnits = (report: BootReport): boolean => {
  const failed = failedUnits(report)
  return failed.length > 0 && !failed.some((unit) => needed.test(unit))
}

/** Problems of a booted candidate; empty when it may be published. `minimumRoot` is in bytes. */
export const bootProblems = (report: BootReport, minimumRoot: number): string[] => {
  const { values } = report
  const root = Number(values['root_bytes'] ?? Number.NaN)
  const failed = failedUnits(report)
  return [
    ...(Number.isNaN(root) ? ['the boot check printed no size of the root file system'] : []),
    ...(root < minimumRoot
      ? [
          `the root file system did not grow to the disk: it is ${sizeText(root)}, at least ${sizeText(minimumRoot)} expected`,
        ]
      : []),
    ...(failed.length > 0 ? [`failed units: ${failed.join(', ')}`] : []),
    ...(values['zram_swap'] === 'no' ? ['zram swap is not on'] : []),
    ...(/^(error|disabled|not run)/.test(values['cloud_init'] ?? '')
      ? [`cloud-init ended in "${values['cloud_init']}"`]
      : []),
  ]
}
