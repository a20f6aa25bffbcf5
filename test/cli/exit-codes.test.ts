// Exit codes that no ordinary test meets: a machine that dvm is not for, a bug in dvm, and a build that is told to end.
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'node:test'
import { dvmOnFake } from '../support/dvm-on-fake.ts'

/** Runs before dvm in its process, and makes it one on another machine, or a broken one. */
const before = (text: string): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(text)}`,
})
const onArch = (value: string): Readonly<Record<string, string>> =>
  before(`Object.defineProperty(process, 'arch', { value: '${value}' })`)

for (const args of [['base', 'build'], ['sync', 'app'], ['ls']])
  test(`dvm ${args.join(' ')} on another architecture: exit 4, before Lima is called`, async (t) => {
    const { fake, run, write } = dvmOnFake(t)
    write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
    assert.deepEqual(await run(args, { env: onArch('riscv64') }), {
      exitCode: 4,
      stdout: '',
      stderr:
        'dvm: dvm runs on x86_64 and aarch64; this Node is for riscv64\n  try: on a 64-bit machine of those, install the Node that is made for it: https://nodejs.org/en/download\n',
    })
    assert.deepEqual(fake.journal(), [])
  })

test('a bug in dvm: exit 70, where it is, and the request to report it', async (t) => {
  const { run } = dvmOnFake(t)
  const broken = `
    import os from 'node:os'
    import { syncBuiltinESMExports } from 'node:module'
    os.availableParallelism = () => { throw new TypeError('nobody thought of this') }
    syncBuiltinESMExports()`
  const { exitCode, stdout, stderr } = await run(['ls'], { env: before(broken) })
  assert.deepEqual([exitCode, stdout], [70, ''])
  assert.match(
    stderr,
    /^dvm: a bug in dvm: nobody thought of this\nTypeError: nobody thought of this\n(?: {4}at .*\n)+please report it with the text above and the command you typed\n$/,
  )
})

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  test(
    `${signal} during base build: exit ${code}, and nothing goes on in the builder`,
    { timeout: 60_000 },
    async (t) => {
      const { fake, run, write } = dvmOnFake(t, {
        guest: [
          { match: ['sudo', 'df'], stdout: 'Avail\n99999999999\n' },
          { match: ['sudo', 'podman', 'image', 'inspect'], stdout: 'id {}\n' },
          { match: ['sudo', 'systemd-run'], times: 1 },
          { match: ['sudo', 'systemd-run'], hang: true },
        ],
      })
      write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
      let pid = 0
      const over = run(['base', 'build'], { onStart: (started) => (pid = started) })
      const building = () =>
        fake.journal().some(({ guest }) => guest?.argv.includes('localhost/dvm-base:latest') ?? false)
      while (!building()) await pause(10)
      process.kill(pid, signal)
      const { exitCode, stdout, stderr } = await over
      assert.deepEqual([exitCode, stdout], [code, ''])
      assert.match(
        stderr,
        /\nstopping and taking back what this run made .*\n✖ Build dvm-base\ninterrupted\n$/,
      )
      assert.match(fake.journal().at(-1)?.guest?.stdin ?? '', /systemctl stop 'dvm-work-\*'/)
    },
  )
