// `dvm watch` as a process: real files, the fake Lima, and Ctrl-C.
import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'node:test'
import type { Answer } from '../fakes/state.ts'
import type { Outcome } from '../support/dvm.ts'
import { dvmOnFake, type DvmOnFake } from '../support/dvm-on-fake.ts'

const limit = { timeout: 60_000 }

interface Begun {
  /** Resolves when stderr holds the text. */
  readonly says: (text: string) => Promise<void>
  /** Sends a signal, and resolves when dvm has ended. */
  readonly end: (signal: NodeJS.Signals) => Promise<Outcome>
}

const begin = (dvm: DvmOnFake, args: readonly string[] = []): Begun => {
  let text = ''
  let pid = 0
  let news = Promise.withResolvers<void>()
  const over = dvm.run(['watch', ...args], {
    onStart: (started) => (pid = started),
    onStory: (chunk) => {
      text += chunk
      news.resolve()
    },
  })
  return {
    says: async (wanted) => {
      while (!text.includes(wanted)) {
        const ended = await Promise.race([news.promise, over])
        assert.ok(ended === undefined || text.includes(wanted), `it ended without "${wanted}":\n${text}`)
        news = Promise.withResolvers()
      }
    },
    end: async (signal) => {
      process.kill(pid, signal)
      const { stderr, ...outcome } = await over
      return { ...outcome, stderr: stderr.replaceAll(/^\d\d:\d\d:\d\d /gm, '') }
    },
  }
}

/** Resolves when a guest was asked to run a command that begins with these words, so many times. */
const asked = async ({ fake }: DvmOnFake, words: string, times = 1): Promise<void> => {
  const count = (): number =>
    fake.journal().filter(({ guest }) => guest?.argv.join(' ').startsWith(words)).length
  while (count() < times) await pause(10)
}

const leaving = 'stopping and taking back what this run made (once more exits at once)\ninterrupted\n'

test(
  'a saved file syncs its VM, an editor’s own file does not; Ctrl-C ends it with 130',
  limit,
  async (t) => {
    const dvm = dvmOnFake(t)
    const setup = dvm.write('.config/dvm/vms/app/setup.sh', '')
    dvm.write('.config/dvm/vms/web/config.sh', '')
    dvm.fake.add({ name: 'dvm-app', status: 'Running' })
    const watch = begin(dvm)
    await watch.says('Ctrl-C ends it\n')
    dvm.write('.config/dvm/vms/app/.setup.sh.swp', '')
    dvm.write('.config/dvm/config.sh', 'DVM_CPUS=2\n')
    await watch.says('app: synced')
    appendFileSync(setup, 'echo hello\n')
    await watch.says('app: changed setup.sh')
    await asked(dvm, 'bash -s', 2)
    dvm.write('.config/dvm/vms/web/setup.sh', '')
    await watch.says('dvm sync web\n')
    assert.deepEqual(await watch.end('SIGINT'), {
      exitCode: 130,
      stdout: '',
      stderr: [
        'watching ~/.config/dvm/base (no Containerfile yet) and the VMs app, web; Ctrl-C ends it',
        'app: changed the shared config.sh, syncing',
        'app: synced',
        'app: changed setup.sh, syncing',
        'app: synced',
        'web: changed setup.sh, but there is no such VM yet: dvm sync web',
        leaving,
      ].join('\n'),
    })
    const scripts = dvm.fake.journal().flatMap(({ guest }) => guest?.stdin ?? [])
    assert.match(scripts.at(-1) ?? '', /\necho hello\n/)
  },
)

test('Ctrl-C while a setup.sh runs: it is stopped in the VM too', limit, async (t) => {
  const dvm = dvmOnFake(t, { guest: [{ match: ['bash', '-s'], hang: true }] })
  dvm.write('.config/dvm/vms/app/config.sh', 'DVM_CPUS=2\n')
  dvm.fake.add({ name: 'dvm-app', status: 'Running' })
  const watch = begin(dvm, ['app'])
  await watch.says('Ctrl-C ends it\n')
  dvm.write('.config/dvm/vms/app/setup.sh', 'sleep 1000\n')
  await asked(dvm, 'bash -s')
  assert.deepEqual(await watch.end('SIGINT'), {
    exitCode: 130,
    stdout: '',
    stderr: `watching ~/.config/dvm/base (no Containerfile yet) and the VM app; Ctrl-C ends it\napp: changed setup.sh, syncing\n${leaving}`,
  })
  const last = dvm.fake.journal().at(-1)?.guest
  assert.equal(last?.argv.join(' '), 'sudo bash -s')
  assert.match(last?.stdin ?? '', /dvm:sync/)
  assert.equal(dvm.fake.instance('dvm-app')?.status, 'Running')
})

test('Ctrl-C while a VM is being made: it is taken away again', limit, async (t) => {
  const dvm = dvmOnFake(t, { limactl: [{ match: ['start'], hang: true }] })
  dvm.write('.config/dvm/vms/app/config.sh', '')
  const watch = begin(dvm, ['app'])
  await watch.says('Ctrl-C ends it\n')
  dvm.write('.config/dvm/vms/app/setup.sh', 'true\n')
  while (!dvm.fake.calls().some((call) => call.startsWith('start'))) await pause(10)
  assert.equal((await watch.end('SIGTERM')).exitCode, 143)
  assert.equal(dvm.fake.instance('dvm-app'), undefined)
})

const unit = ['sudo', 'systemd-run']
const podman = 'building at STEP "RUN false": while running runtime: exit status 1'
const building: readonly Answer[] = [
  { match: ['sudo', 'df'], stdout: 'Avail\n99999999999\n' },
  { match: ['sudo', 'podman', 'image', 'inspect'], stdout: 'abc {}\n' },
  // The disk builder's options, whenever they are asked.
  { match: unit, has: '--help' },
  // The provisioning, then the build of dvm-base.
  { match: unit, times: 1 },
  { match: unit, times: 1 },
  { match: unit, times: 1, hang: true },
  { match: unit, times: 1 },
  { match: unit, times: 1 },
  { match: unit, exitCode: 1, stdout: 'STEP 2/2: RUN false\n', stderr: `Error: ${podman}\n` },
]

/** The build has come to the user's own image. */
const atTheirs = async ({ fake }: DvmOnFake): Promise<void> => {
  while (!fake.journal().some(({ guest }) => guest?.argv.includes('localhost/dvm-target:latest')))
    await pause(10)
}

test(
  'a newer change stops the build in the builder too, and the next failure is told in place',
  limit,
  async (t) => {
    const dvm = dvmOnFake(t, { guest: building })
    dvm.write('.config/dvm/base/Containerfile', 'FROM dvm-base\nRUN true\n')
    const watch = begin(dvm)
    await atTheirs(dvm)
    dvm.write('.config/dvm/base/Containerfile', 'FROM dvm-base\nRUN false\n')
    await watch.says('stopping the build under way\n')
    await watch.says('build.log)\n')
    const { exitCode, stderr } = await watch.end('SIGINT')
    assert.equal(exitCode, 130)
    assert.deepEqual(stderr.split('\n'), [
      'watching ~/.config/dvm/base; Ctrl-C ends it',
      'base: there is none yet, building',
      'base: there is no builder yet: making dvm-builder',
      'base: changed Containerfile, stopping the build under way',
      'base: changed Containerfile, building',
      `base: ~/.config/dvm/base/Containerfile:2: ${podman}`,
      '  | STEP 2/2: RUN false',
      `  | Error: ${podman}`,
      '  try: correct that line and build again; the old base stays in use (log: ~/.local/state/dvm/base/build.log)',
      ...leaving.split('\n'),
    ])
  },
)

test('Ctrl-C in the middle of a build: nothing goes on in the builder', limit, async (t) => {
  const dvm = dvmOnFake(t, { guest: building })
  dvm.write('.config/dvm/base/Containerfile', 'FROM dvm-base\nRUN true\n')
  const watch = begin(dvm)
  await atTheirs(dvm)
  const { exitCode, stderr } = await watch.end('SIGINT')
  assert.equal(exitCode, 130)
  assert.ok(stderr.endsWith(leaving), stderr)
  const last = dvm.fake.journal().at(-1)?.guest
  assert.match(last?.stdin ?? '', /systemctl stop 'dvm-work-\*'/)
})

test('what cannot be watched is said at once', limit, async (t) => {
  const dvm = dvmOnFake(t)
  dvm.write('.config/dvm/vms/app/config.sh', '')
  assert.deepEqual(await dvm.run(['watch', 'ap']), {
    exitCode: 5,
    stdout: '',
    stderr: `dvm: there is no VM "ap" in ~/.config/dvm/vms\n  try: dvm watch app, or for a new VM: dvm new ap\n`,
  })
  const dry = await dvm.run(['watch'], { env: { DVM_DRY_RUN: '1' } })
  assert.deepEqual([dry.exitCode, dry.stdout], [2, ''])
  assert.deepEqual(dvm.fake.journal(), [])
})
