// Podman in a VM: the exact argv, what is read from its answers, and what its complaints mean.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { createAssets } from '../../../src/ports/assets.ts'
import { execArgs, runArgs } from '../../../src/ports/containers/argv.ts'
import { containerFailure } from '../../../src/ports/containers/errors.ts'
import { createContainers } from '../../../src/ports/containers/index.ts'
import type { Answer } from '../../fakes/state.ts'
import { fakeLima, portOn } from '../../support/fake-lima.ts'
import { asDeveloper } from '../../support/as-developer.ts'

const target = { vm: 'app', project: 'api' }
const spec = { image: 'localhost/dvm-dev-base:latest', nested: false, workdir: '/work', ports: [] }
const silent = (): void => undefined

const setUp = async (t: TestContext, guest: readonly Answer[] = []) => {
  const fake = fakeLima(t, { guest })
  fake.add({ name: 'dvm-app', status: 'Running' })
  const { lima } = portOn(fake)
  const instance = (await lima.list())[0]
  assert.ok(instance)
  return {
    fake,
    place: { instance, user: 'ada' },
    containers: createContainers(lima, createAssets()),
    /** What podman was asked, or the whole of anything else. */
    asked: (): string[] =>
      fake.journal().flatMap(({ guest }) => {
        if (guest === undefined) return []
        const at = guest.argv.indexOf('podman')
        return [guest.argv.slice(at === -1 ? 0 : at).join(' ')]
      }),
  }
}

test('a container: its name, its volume, nothing of the VM; more only when project.sh asks', () => {
  assert.equal(
    runArgs(target, spec).join(' '),
    `run --detach --name dvm-app-api --hostname api --restart=always --init --label dvm.vm=app --label dvm.project=api --label dvm.spec=${JSON.stringify(spec)} --volume dvm-app-api:/work --workdir /work --entrypoint sleep localhost/dvm-dev-base:latest infinity`,
  )
  const more = runArgs(target, { ...spec, nested: true, ports: ['3000:80', '4000:4000'] }).join(' ')
  assert.match(
    more,
    / --publish 127\.0\.0\.1:3000:80 --publish 127\.0\.0\.1:4000:4000 --device \/dev\/fuse --security-opt label=disable --entrypoint /,
  )
})

test('the state of a VM is one round trip, as the developer', async (t) => {
  const json = [
    {
      Names: ['dvm-app-api'],
      State: 'running',
      Image: spec.image,
      ImageID: 'abc',
      Labels: { 'dvm.vm': 'app', 'dvm.project': 'api', 'dvm.spec': JSON.stringify(spec) },
    },
    { Names: ['dvm-app-old'], State: 'exited', Image: 'x', ImageID: 'def', Labels: null },
  ]
  const { containers, place, fake } = await setUp(t, [
    {
      match: asDeveloper('ada', ['bash', '-s', '--', 'app']),
      stdout: `::dvm ready yes\n::dvm containers\n${JSON.stringify(json, undefined, 2)}\n\n::dvm images\n[{"Id":"abc","Labels":{"dvm.hash":"h"},"Names":["localhost/dvm-dev-base:latest"]}]\n`,
    },
  ])
  assert.deepEqual(await containers.state(place, 'app'), {
    ready: true,
    containers: [
      { project: 'api', name: 'dvm-app-api', state: 'running', image: spec.image, imageId: 'abc', spec },
      {
        project: undefined,
        name: 'dvm-app-old',
        state: 'exited',
        image: 'x',
        imageId: 'def',
        spec: undefined,
      },
    ],
    devBases: [{ id: 'abc', labels: { 'dvm.hash': 'h' }, names: ['localhost/dvm-dev-base:latest'] }],
  })
  assert.equal(fake.journal().filter(({ guest }) => guest !== undefined).length, 1)
  const fresh = await setUp(t, [{ match: asDeveloper('ada', ['bash']), stdout: '::dvm ready no\n' }])
  assert.deepEqual(await fresh.containers.state(fresh.place, 'app'), {
    ready: false,
    containers: [],
    devBases: [],
  })
})

test('a container that cannot be made leaves no name behind', async (t) => {
  const { containers, place, asked } = await setUp(t, [
    {
      match: asDeveloper('ada', ['podman', 'run']),
      exitCode: 126,
      stderr: 'Error: rootlessport listen tcp 127.0.0.1:3000: bind: address already in use\n',
    },
  ])
  await assert.rejects(containers.create(place, target, spec, silent), {
    code: 'failed',
    message: 'one of its ports is taken in the VM',
    hint: 'choose another in PROJ_PORTS, or stop what listens there: dvm ssh app -- ss --listening --tcp --numeric',
  })
  assert.equal(asked().at(-1), 'podman rm --force --ignore dvm-app-api')
})

test('a workspace goes with its container, or stays', async (t) => {
  const { containers, place, asked } = await setUp(t)
  await containers.remove(place, target, { keepVolume: true })
  await containers.remove(place, target, { keepVolume: false })
  const removal = 'podman rm --force --ignore --time 5 dvm-app-api'
  assert.deepEqual(asked(), [removal, removal, 'podman volume rm --force dvm-app-api'])
})

test('a command inside gets its exact arguments and its exit code; a stopped container is started first', async (t) => {
  const { containers, place, asked } = await setUp(t, [
    { match: asDeveloper('ada', ['podman', 'container', 'inspect']), stdout: 'false\n' },
    { match: asDeveloper('ada', ['podman', 'exec']), exitCode: 7 },
  ])
  const options = { workdir: '/my work', argv: ['sh', `-c`, `a 'b' $(c)`], tty: false, stdin: false }
  assert.equal(await containers.attach(place, target, { ...options, term: undefined }), 7)
  assert.deepEqual(asked(), [
    'podman container inspect --format {{.State.Running}} dvm-app-api',
    'podman start dvm-app-api',
    `podman exec --workdir /my work dvm-app-api sh -c a 'b' $(c)`,
  ])
})

const complaints: readonly [string, string, string][] = [
  ['Error: no such container dvm-app-api', 'not-found', 'dvm sync app/api'],
  [
    'Error: initializing source docker://x: reading manifest 1 in x: manifest unknown',
    'network',
    'correct IMAGE in project.sh',
  ],
  [
    'Error: pinging container registry x: dial tcp: lookup x: no such host',
    'network',
    'check your connection and proxy, then: dvm sync app/api',
  ],
  [
    'Error: short-name "node:22" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"',
    'config',
    'write it whole in project.sh, for example IMAGE=docker.io/library/node:24, then: dvm sync app/api',
  ],
  [
    `Error: initializing source docker://quay.io/fedora/fedora@sha256:${'a'.repeat(64)}: reading manifest sha256:aa in quay.io/fedora/fedora: manifest unknown`,
    'network',
    'dvm pins update (or correct IMAGE in project.sh)',
  ],
  [
    'Error: copying system image from manifest list: reading blob sha256:6f: Get "https://cdn/6f": EOF',
    'network',
    'check your connection and proxy, then: dvm sync app/api',
  ],
  [
    'Error: write /home: no space left on device',
    'failed',
    'dvm sh app, then: df -h / and podman system prune',
  ],
]
for (const [stderr, code, hint] of complaints)
  test(`says what it means: ${stderr}`, () => {
    const error = containerFailure('do it', target, {
      command: '',
      exitCode: 125,
      code: undefined,
      stdout: '',
      stderr,
      timedOut: false,
      canceled: false,
    })
    assert.deepEqual([error.code, error.hint], [code, hint])
  })

test('a terminal inside is asked for, with a name that every image knows', () =>
  assert.equal(
    execArgs(target, { workdir: '/work', tty: true, stdin: true, term: 'xterm' }, ['bash', '-l']).join(' '),
    'exec --interactive --tty --env TERM=xterm --workdir /work dvm-app-api bash -l',
  ))
