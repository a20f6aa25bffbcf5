import assert from 'node:assert/strict'
import test from 'node:test'
import { hopelessConsole, timerIsLost } from '../../src/core/console.ts'

const hopeless: readonly [string, string][] = [
  [
    '[    1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
    'the kernel panicked',
  ],
  [
    'You are in emergency mode. After logging in, type "journalctl -xb"',
    'the system fell into emergency mode',
  ],
  ['[  OK  ] Reached target emergency.target - Emergency Mode.', 'the system fell into emergency mode'],
  [
    'Gave up waiting for root file system device.  Common problems:',
    'the kernel did not find its root file system',
  ],
  ['UEFI Interactive Shell v2.2', 'the firmware found nothing to boot'],
  ['BdsDxe: No bootable option or device was found.', 'the firmware found nothing to boot'],
]
for (const [line, reason] of hopeless)
  test(`gives up on: ${line}`, () => assert.equal(hopelessConsole(['GRUB', line, '']), reason))

test('hopes on while a console only shows a system that boots', () => {
  assert.equal(hopelessConsole([]), undefined)
  assert.equal(
    hopelessConsole([
      'BdsDxe: loading Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x2,0x0)',
      '[    0.0] Command line: rw console=tty0 console=ttyS0',
      '[    2.1] EXT4-fs (vda2): mounted filesystem',
      '[  OK  ] Started emergency-notes.service',
      'dvm-base login: ',
    ]),
    undefined,
  )
})

test('a timer is lost when the kernel says so twice', () => {
  const line =
    "[   23.920823] rcu: rcu_preempt kthread timer wakeup didn't happen for 5246 jiffies! g-1067 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402"
  const more = 'rcu: \tPossible timer handling issue on cpu=0 timer-softirq=28'
  assert.equal(timerIsLost([line, more]), false)
  assert.equal(timerIsLost([line, more, 'NMI backtrace for cpu 0', line]), true)
  assert.equal(hopelessConsole([line, line]), undefined)
})
