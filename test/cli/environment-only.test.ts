// What decides a base comes from the environment only: the same variables in config.sh, the user's or a VM's, change nothing at all.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { Script } from '../fakes/state.ts'
import { dvmOnFake } from '../support/dvm-on-fake.ts'

const digest = `sha256:${'5'.repeat(64)}`
const variables: Readonly<Record<string, string>> = {
  DVM_BASE_DIR: '/nowhere/base',
  DVM_BASE_IMAGE: '/nowhere/disk.qcow2',
  DVM_BUILDER_LIMA: 'elsewhere',
  DVM_BUILDER_MEMORY: '33',
  DVM_BUILDER_DISK: '77',
  DVM_BOOTC_BASE: `registry.example/base@${digest}`,
  DVM_BISC_IMAGE: `registry.example/disk@${digest}`,
}
/** What a configuration is read with, and how dvm speaks. */
const others: Readonly<Record<string, string>> = {
  DVM_CONFIG_DIR: '/nowhere/config',
  DVM_CACHE_DIR: '/nowhere/cache',
  DVM_STATE_DIR: '/nowhere/state',
  DVM_LIMACTL: '/nowhere/limactl',
  DVM_LIMA_LOG_LEVEL: 'debug',
  DVM_VERBOSE: '1',
  DVM_DRY_RUN: '1',
  NO_COLOR: '1',
  DVM_REBUILD_DEV_BASE: '1',
  DVM_FLAVOUR: 'debian',
  DVM_BUILDER_TEMPLATE: 'template:debian-13',
  DVM_BUILDER_CPUS: '7',
}
const assignments = Object.entries({ ...variables, ...others })
  .flatMap(([name, value]) => [`${name}='${value}'`, `export ${name}`])
  .join('\n')

/** A build gets as far as the pull of its base, which fails. */
const script: Script = {
  guest: [
    { match: ['sudo', 'df'], stdout: 'Avail\n99999999999\n' },
    { match: ['sudo', 'podman', 'image', 'inspect'], exitCode: 125 },
    { match: ['sudo', 'systemd-run'], times: 1 },
    { match: ['sudo', 'systemd-run'], exitCode: 125, stderr: 'Error: manifest unknown\n' },
  ],
}

/** Runs one command; resolves to what it says, and to everything that Lima and the builder were asked. */
const observe = async (
  t: TestContext,
  args: readonly string[],
  config: string,
  env: Readonly<Record<string, string>> = {},
) => {
  const { run, write, fake, home } = dvmOnFake(t, script)
  write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  write('.config/dvm/config.sh', `${config}\n`)
  write('.config/dvm/vms/app/config.sh', `${config}\n`)
  const outcome = await run(args, { env })
  const asked = fake.journal().map(({ argv, guest }) => (guest === undefined ? argv : guest.argv))
  const plain = (text: string): string =>
    text.replaceAll(home, 'HOME').replaceAll(/dvm-work-\d+/g, 'dvm-work-PID')
  return {
    exitCode: outcome.exitCode,
    stdout: plain(outcome.stdout),
    stderr: plain(outcome.stderr),
    asked: asked.map((words) => plain(words.join(' '))),
  }
}

const commands: readonly (readonly string[])[] = [
  ['sync', 'app', '--dry-run'],
  ['base', 'status', '--json'],
  ['base', 'build'],
]
for (const args of commands)
  test(`dvm ${args.join(' ')} does not listen to variables of the environment in config.sh`, async (t) =>
    assert.deepEqual(await observe(t, args, assignments), await observe(t, args, '')))

test('the environment is where they count: the test above would see them', async (t) => {
  const { DVM_BASE_DIR: _, ...heard } = variables
  const { asked } = await observe(t, ['base', 'build'], '', heard)
  const create = asked.find((call) => call.includes(' create ')) ?? ''
  assert.match(create, / --name=elsewhere .* --memory=33 --disk=77 /)
  assert.ok(asked.some((call) => call.endsWith(`podman pull --quiet registry.example/base@${digest}`)))
})
