// Podman in a VM: the exact argv, what is read from its answers, and what its complaints mean.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { oldDevBases } from '../../../src/core/dev-base.ts'
import { dataScriptArgv } from '../../../src/core/guest-entry.ts'
import { createAssets } from '../../../src/ports/assets.ts'
import { execArgs, runArgs } from '../../../src/ports/containers/argv.ts'
import { createContainers } from '../../../src/ports/containers/index.ts'
import { unreachable } from '../../../src/ports/lima/errors.ts'
import type { Lima } from '../../../src/ports/lima/index.ts'
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

/** By their names: the values are podman's own variables. */
const proxies =
  '--env http_proxy --env HTTP_PROXY --env https_proxy --env HTTPS_PROXY --env no_proxy --env NO_PROXY'

test('a container that trusts the company: a directory of the VM and variables that name it, nothing else', () => {
  const plain = runArgs(target, { ...spec, trust: false })
  const more = runArgs(target, { ...spec, trust: true }).filter((word) => !plain.includes(word))
  assert.deepEqual(more.slice(0, 3), [
    '/etc/dvm/trust:/dev/dvm-ca:ro',
    '--env',
    'SSL_CERT_FILE=/dev/dvm-ca/bundle.pem',
  ])
  for (const word of more)
    assert.match(word, /^(--env|[A-Z_]+=\/dev\/dvm-ca\/\w+\.\w+|\/etc\/dvm\/trust:\/dev\/dvm-ca:ro)$/)
})

test('a container: its name, its volume, nothing of the VM; more only when project.sh asks', () => {
  assert.equal(
    runArgs(target, { ...spec, trust: false }).join(' '),
    `run --detach --name dvm-app-api --hostname api --restart=always --http-proxy=false --init --label dvm.vm=app --label dvm.project=api --label dvm.spec=${JSON.stringify(spec)} --volume dvm-app-api:/work --workdir /work --cap-add=SYS_CHROOT --entrypoint sleep localhost/dvm-dev-base:latest infinity`,
  )
  const more = runArgs(target, { ...spec, trust: false, nested: true, ports: ['3000:80', '4000:4000'] }).join(
    ' ',
  )
  assert.match(
    more,
    / --publish 127\.0\.0\.1:3000:80 --publish 127\.0\.0\.1:4000:4000 --cap-add=SYS_CHROOT --device \/dev\/fuse --security-opt label=disable --entrypoint /,
  )
})

test('the state of a VM is one round trip, as the developer', async (t) => {
  const json = [
    {
      Id: 'one',
      Names: ['dvm-app-api'],
      State: 'running',
      Image: spec.image,
      ImageID: 'abc',
      Labels: { 'dvm.vm': 'app', 'dvm.project': 'api', 'dvm.spec': JSON.stringify(spec) },
    },
    {
      Id: 'two',
      Names: ['dvm-app-old'],
      State: 'exited',
      Image: 'x',
      ImageID: 'def',
      Labels: null,
      Mounts: ['/src'],
    },
  ]
  const { containers, place, fake } = await setUp(t, [
    {
      match: asDeveloper('ada', ['bash', '-s', '--', 'app']),
      stdout: `::dvm ready yes\n::dvm containers\n${JSON.stringify(json, undefined, 2)}\n\n::dvm images\n[{"Id":"old","Labels":{"dvm.hash":"g"},"Names":["localhost/dvm-dev-base:old-0123456789ab"]},{"Id":"abc","Labels":{"dvm.hash":"h"},"Names":["localhost/dvm-dev-base:latest"]}]\n`,
    },
  ])
  assert.deepEqual(await containers.state(place, 'app'), {
    ready: true,
    containers: [
      {
        id: 'one',
        project: 'api',
        name: 'dvm-app-api',
        state: 'running',
        image: spec.image,
        imageId: 'abc',
        spec,
        workdir: '/work',
      },
      {
        id: 'two',
        project: 'old',
        name: 'dvm-app-old',
        state: 'exited',
        image: 'x',
        imageId: 'def',
        spec: undefined,
        workdir: '/src',
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

test('what would be lost with a VM: containers by label or name, and volumes without one; one round trip', async (t) => {
  const json = [
    {
      Id: 'one',
      Names: ['dvm-app-api'],
      State: 'running',
      Labels: { 'dvm.vm': 'app', 'dvm.project': 'api' },
    },
    { Id: 'two', Names: ['dvm-app-my-old'], State: 'exited', Mounts: ['/a', '/b'] },
  ]
  const volumes = 'dvm-app-web repository\ndvm-app-x nothing\ndvm-app-y unknown\n'
  const { containers, place, fake } = await setUp(t, [
    {
      match: asDeveloper('ada', ['bash', '-s', '--', 'app']),
      stdout: `::dvm containers\n${JSON.stringify(json)}\n\n::dvm volumes\n${volumes}`,
    },
  ])
  const found = await containers.workspaces(place, 'app')
  assert.deepEqual(
    found.containers.map(({ project, state, workdir }) => [project, state, workdir]),
    [
      ['api', 'running', '/work'],
      ['my-old', 'exited', '/work'],
    ],
  )
  assert.deepEqual(found.kept, [
    { name: 'dvm-app-web', project: 'web', repository: true },
    { name: 'dvm-app-x', project: 'x', repository: false },
    { name: 'dvm-app-y', project: 'y', repository: undefined },
  ])
  assert.equal(fake.journal().filter(({ guest }) => guest !== undefined).length, 1)
  const fresh = await setUp(t)
  assert.deepEqual(await fresh.containers.workspaces(fresh.place, 'app'), { containers: [], kept: [] })
})

test('a container that cannot be made leaves no name behind', async (t) => {
  const { containers, place, asked } = await setUp(t, [
    {
      match: asDeveloper('ada', ['bash', '-s', '--', 'dvm:sync', 'podman', 'run']),
      exitCode: 126,
      stderr: 'Error: rootlessport listen tcp 127.0.0.1:3000: bind: address already in use\n',
    },
  ])
  await assert.rejects(containers.create(place, target, { ...spec, trust: false }, silent), {
    code: 'failed',
    message: 'one of its ports is taken in the VM',
    hint: 'choose another in PROJ_PORTS, or stop what listens there: dvm ssh app -- ss --listening --tcp --numeric',
  })
  assert.equal(asked().at(-1), 'podman rm --force --ignore dvm-app-api')
})

const text = (name: string): Promise<string> => createAssets().text(`guest/project-ssh/${name}.sh`)
const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA'
const id = 'a1'.repeat(32)

test('letting ssh in is one round trip; the texts, the workspace and the keys are arguments', async (t) => {
  const said = `welcome\n::dvm account node\n::dvm key ${publicKey}\n::dvm container ${id}\n`
  const { containers, place, fake } = await setUp(t, [{ match: asDeveloper('ada', ['bash']), stdout: said }])
  const workdir = `/my "$(work)" 'dir'`
  assert.deepEqual(await containers.prepareSsh(place, target, { workdir, keys: ['k 1', 'k 2'] }), {
    container: id,
    account: 'node',
    hostKey: publicKey,
  })
  const calls = fake.journal().flatMap(({ guest }) => guest ?? [])
  const [prepare, install, serve, session] = await Promise.all(
    ['prepare', 'install', 'serve', 'session'].map(text),
  )
  const rest = ['dvm-app-api', install, '/etc/dvm-ssh', workdir, serve, session, 'k 1', 'k 2']
  assert.deepEqual(
    calls.map(({ argv, stdin }) => [argv, stdin]),
    [[asDeveloper('ada', ['bash', '-s', '--', ...rest.map(String)]), prepare]],
  )
})

const doubtful: readonly (readonly [account: string, key: string, container: string])[] = [
  ['no de', publicKey, id],
  ['$(id)', publicKey, id],
  ['%h', publicKey, id],
  ['-x', publicKey, id],
  ['node', `${publicKey} x`, id],
  ['node', `ssh-rsa AAAA\u0007AAAAAAAAAAAAAA`, id],
  ['node', publicKey, 'short'],
  ['', '', ''],
]
for (const [account, key, container] of doubtful)
  test(`what a container says is refused: ${JSON.stringify([account, key, container.slice(0, 5)])}`, async (t) => {
    const stdout = `::dvm account ${account}\n::dvm key ${key}\n::dvm container ${container}\n`
    const { containers, place } = await setUp(t, [{ match: asDeveloper('ada', ['bash']), stdout }])
    const preparing = containers.prepareSsh(place, target, { workdir: '/work', keys: [publicKey] })
    await assert.rejects(preparing, { code: 'failed', message: /tell the host key of dvm-app-api/ })
  })

test('nothing is tidied up in a VM that was lost while a container was made', async (t) => {
  const { place } = await setUp(t)
  const calls: string[] = []
  const run = (_: unknown, { argv }: { readonly argv: readonly string[] }): Promise<never> => {
    calls.push(argv.slice(argv.indexOf('podman')).slice(0, 2).join(' '))
    return Promise.reject(unreachable('dvm-app'))
  }
  const lost = createContainers({ run } as unknown as Lima, createAssets())
  await assert.rejects(lost.create(place, target, { ...spec, trust: false }, silent), {
    message: 'dvm-app does not answer over ssh',
  })
  assert.deepEqual(calls, ['podman run'])
})

test('an image is asked for only when it is not there, in one round trip', async (t) => {
  const { containers, place, fake } = await setUp(t, [
    {
      match: asDeveloper('ada', ['bash', '-s']),
      stderr: 'Error: reading manifest 1 in x: manifest unknown\n',
      exitCode: 125,
    },
  ])
  await assert.rejects(containers.pull(place, target, 'x:1', 'dvm reset app/api --yes', silent), {
    message: 'the registry has no such image',
    hint: 'correct IMAGE in project.sh, then: dvm reset app/api --yes',
  })
  const calls = fake.journal().flatMap(({ guest }) => guest ?? [])
  assert.deepEqual(
    calls.map(({ argv, stdin }) => [argv.slice(-4), stdin]),
    [
      [
        ['-s', '--', 'dvm:sync', 'x:1'],
        'shift\npodman image exists "$1" </dev/null || podman pull "$1" </dev/null\n',
      ],
    ],
  )
})

test('a workspace goes with its container, or stays', async (t) => {
  const gone = 'dvm-app-api\n'
  const { containers, place, asked } = await setUp(t, [
    { match: asDeveloper('ada', ['podman', 'rm']), stdout: gone, times: 1 },
    { match: asDeveloper('ada', ['podman', 'volume', 'rm']), stdout: gone, times: 1 },
  ])
  const remove = (keepVolume: boolean): Promise<boolean> =>
    containers.remove(place, target, { keepVolume, again: 'dvm rm app/api --yes' })
  assert.equal(await remove(true), true)
  assert.equal(await remove(false), true, 'the volume was still there')
  assert.deepEqual([await remove(true), await remove(false)], [false, false])
  const [removal, volume, prune] = [
    'podman rm --force --ignore --time 5 dvm-app-api',
    'podman volume rm --force dvm-app-api',
    asDeveloper('ada', ['bash', '-s']).join(' '),
  ]
  // Only where a container went there may be an image that nothing uses any more.
  assert.deepEqual(asked(), [removal, prune, removal, volume, removal, removal, volume])
})

test('old dev-bases: by their names alone, and one that cannot be removed is no failure', async (t) => {
  const { containers, place, fake } = await setUp(t, [
    { match: asDeveloper('ada', ['podman', 'rm']), stdout: 'dvm-app-api\n' },
    { match: asDeveloper('ada', ['bash', '-s']), exitCode: 1 },
  ])
  assert.equal(
    await containers.remove(place, target, { keepVolume: true, again: 'dvm rm app/api --yes' }),
    true,
  )
  const fed = fake.journal().at(-1)?.guest?.stdin
  assert.equal(fed, `${oldDevBases}remove_old_dev_bases --no-prune\n`)
})

test('a dev-base is taken in, in one round trip with what becomes of the one of before', async (t) => {
  const { containers, place, fake } = await setUp(t)
  await containers.load(place, 'app', Readable.from(['archive']))
  const load = await createAssets().text('guest/load-dev-base.sh')
  const calls = fake.journal().flatMap(({ guest }) => (guest === undefined ? [] : [guest]))
  assert.deepEqual(
    calls.map(({ argv, stdin }) => [argv, stdin]),
    [[dataScriptArgv(`${oldDevBases}${load}`, 'ada', []), 'archive']],
  )
})

test('a command inside gets its exact arguments and its exit code; a stopped container is started first', async (t) => {
  const { containers, place, asked } = await setUp(t, [
    { match: asDeveloper('ada', ['podman', 'container', 'inspect']), stdout: 'false\n' },
    { match: asDeveloper('ada', ['podman', 'exec']), exitCode: 7 },
  ])
  const options = { workdir: '/my work', argv: ['sh', `-c`, `a 'b' $(c)`], tty: false, stdin: false }
  assert.equal(await containers.attach(place, target, { ...options, term: undefined }), 7)
  assert.deepEqual(asked(), [
    'podman container inspect --format {{.State.Running}} {{range .Mounts}}{{if eq .Name "dvm-app-api"}}{{.Destination}}{{end}}{{end}} dvm-app-api',
    'podman start dvm-app-api',
    `podman exec ${proxies} --workdir /my work dvm-app-api sh -c a 'b' $(c)`,
  ])
})

test('a command begins in the workspace of the container, whatever project.sh says by now', async (t) => {
  const { containers, place, asked } = await setUp(t, [
    { match: asDeveloper('ada', ['podman', 'container', 'inspect']), stdout: 'true /own work\n' },
  ])
  const options = { workdir: '/new', argv: ['pwd'], tty: false, stdin: false, term: undefined }
  await containers.attach(place, target, options)
  assert.equal(asked().at(-1), `podman exec ${proxies} --workdir /own work dvm-app-api pwd`)
  assert.equal(await containers.workdir(place, target), '/own work')
})

test('what the developer’s shell says as it starts hides no workspace', async (t) => {
  const { containers, place, asked } = await setUp(t, [
    {
      match: asDeveloper('ada', ['podman', 'container', 'inspect']),
      stdout: 'true story\ntrue /elsewhere\nfalse /own work\n',
    },
    { match: asDeveloper('ada', ['podman', 'start']) },
  ])
  assert.equal(await containers.workdir(place, target), '/own work')
  const options = { workdir: '/new', argv: ['pwd'], tty: false, stdin: false, term: undefined }
  await containers.attach(place, target, options)
  assert.deepEqual(asked().slice(2), [
    'podman start dvm-app-api',
    `podman exec ${proxies} --workdir /own work dvm-app-api pwd`,
  ])
})

test('whoever comes in is the user of the image', () => {
  for (const terminal of [true, false]) {
    const words = execArgs(target, { workdir: '/work', tty: terminal, stdin: terminal }, ['id'])
    assert.ok(!words.includes('--user') && !words.includes('-u'), words.join(' '))
  }
})

test('a terminal inside is asked for, with a name that every image knows', () =>
  assert.equal(
    execArgs(target, { workdir: '/work', tty: true, stdin: true, term: 'xterm' }, ['bash', '-l']).join(' '),
    `exec --interactive --detach-keys= --tty --env TERM=xterm ${proxies} --workdir /work dvm-app-api bash -l`,
  ))

test('a podman that does not answer in JSON is told as it answered, and a container without a name is none', async (t) => {
  const answering = (text: string) =>
    setUp(t, [
      { match: asDeveloper('ada', ['bash']), stdout: `::dvm ready yes\n::dvm containers\n${text}\n` },
    ])
  const odd = await answering('[1,null,{}]')
  assert.deepEqual((await odd.containers.state(odd.place, 'app')).containers, [])
  const broken = await answering('not json')
  await assert.rejects(broken.containers.state(broken.place, 'app'), {
    code: 'failed',
    message: 'app: what podman says is no JSON',
    hint: 'see what it says: dvm ssh app -- podman ps --all --format json',
    tail: ['not json'],
  })
})
