// What a serial console says when a guest cannot come up, so that a boot test need not wait out its time limit.

const hopeless: readonly (readonly [RegExp, string])[] = [
  [/Kernel panic - not syncing: (.*)/, 'the kernel panicked'],
  [
    /You are in (emergency|rescue) mode|Entering emergency mode|emergency\.target/,
    'the system fell into emergency mode',
  ],
  [/Datasource DataSourceNone|Used fallback datasource/, "cloud-init did not find Lima's settings disk"],
  [/Gave up waiting for root|VFS: Unable to mount root/, 'the kernel did not find its root file system'],
  [
    /UEFI Interactive Shell|Shell>|No bootable (option|device)|BdsDxe: No bootable/i,
    'the firmware found nothing to boot',
  ],
]

/** Why this console will never reach a login, or undefined while there is hope. */
export const hopelessConsole = (lines: readonly string[]): string | undefined => {
  for (const [pattern, reason] of hopeless) if (lines.some((line) => pattern.test(line))) return reason
  return undefined
}

/**
 * True once a kernel has said twice that it waits for a timer which does not fire: an emulator with little time for its guest loses one
 * while the kernel starts, and nothing moves any more. The next start goes well.
 */
export const timerIsLost = (lines: readonly string[]): boolean =>
  lines.filter((line) => /rcu: rcu_\w+ kthread timer wakeup didn't happen/.test(line)).length > 1
