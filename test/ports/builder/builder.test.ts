// The builder adapter over the strict fake Lima: what it asks of the guest, and what it makes of the answers.
import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import test, { type TestContext } from 'node:test'
import { createBuilder } from '../../../src/ports/builder/index.ts'
import type { Answer } from '../../fakes/state.ts'
import { fakeLima, portOn } from '../../support/fake-lima.ts'

const podman = ['sudo', 'podman', 'image', 'inspect']
const unit = ['sudo', 'systemd-run']
const pinned = `registry.example/x@sha256:${'1'.repeat(64)}`
const silent = (): void => undefined

const setUp = async (t: TestContext, guest: readonly Answer[] = []) => {
  const fake = fakeLima(t, { guest })
  fake.add({ name: 'dvm-builder', status: 'Running' })
  const { lima } = portOn(fake)
  const instance = (await lima.list())[0]
  assert.ok(instance)
  return {
    instance,
    fake,
    builder: createBuilder(lima),
    /** Guest commands so far, after sudo. */
    asked: (): string[] =>
      fake.journal().flatMap(({ guest }) => (guest === undefined ? [] : [guest.argv.slice(1).join(' ')])),
  }
}

test('an image that is there is not pulled again; one that is not comes by its digest in a unit of its own', async (t) => {
  const there = await setUp(t, [{ match: podman, stdout: 'the-id null\n' }])
  assert.equal(await there.builder.pull(there.instance, pinned, silent), 'the-id')
  assert.deepEqual(there.asked(), [`podman image inspect --format {{.Id}} {{json .Labels}} ${pinned}`])

  const absent = await setUp(t, [
    { match: podman, exitCode: 125, times: 1 },
    { match: podman, stdout: 'new-id {"a":"b"}\n' },
  ])
  assert.equal(await absent.builder.pull(absent.instance, pinned, silent), 'new-id')
  assert.match(
    absent.asked()[1] ?? '',
    new RegExp(
      `^systemd-run --quiet --pipe --wait --collect --unit=dvm-work-${process.pid}-1 .* -- podman pull --quiet ${pinned}$`,
    ),
  )
})

test('the id of a built image is podman’s last line; where that is something else, podman is asked', async (t) => {
  const spec = { containerfile: '/c', context: '/x', tag: 'localhost/t' }
  const id = 'a'.repeat(64)
  const built = async (stdout: string) => {
    const { builder, instance, asked } = await setUp(t, [
      { match: unit, stdout },
      { match: podman, stdout: 'the-id {}\n' },
    ])
    return [await builder.build(instance, spec, silent), asked().length]
  }
  assert.deepEqual(await built(`COMMIT localhost/t\nSuccessfully tagged localhost/t\n${id}\n`), [id, 1])
  assert.deepEqual(await built(`${id}\nSuccessfully tagged localhost/t\n`), ['the-id', 2])
})

test('a disk builder is asked in a unit of its own; a podman that could not ask it is not its answer', async (t) => {
  const answer = async (said: Omit<Answer, 'match'>) => {
    const { builder, instance, asked } = await setUp(t, [{ match: unit, ...said }])
    return { dialect: builder.dialect(instance, pinned), asked }
  }
  const known = await answer({ stdout: '--type --rootfs --progress --seed\n' })
  assert.equal((await known.dialect).generation, 'merged')
  assert.match(
    known.asked()[0] ?? '',
    /^systemd-run .* -- podman run --rm --network none --pull never registry\.example\/x@sha256:1+ build --help$/,
  )
  const other = await answer({ exitCode: 127, stderr: 'Error: crun: build: not found\n' })
  await assert.rejects(other.dialect, { code: 'config', message: /does not know --type/ })
  for (const [exitCode, message] of [
    [125, 'the store is locked'],
    [137, `${pinned} was killed: the builder ran out of memory`],
  ] as const) {
    const { dialect } = await answer({ exitCode, stderr: 'Error: the store is locked\n' })
    await assert.rejects(dialect, { code: 'failed', message })
  }
})

test('a build that fills the builder is told with numbers', async (t) => {
  const { builder, instance } = await setUp(t, [
    { match: ['sudo', 'df', '--output=avail,size'], stdout: ' Avail 1B-blocks\n 1073741824 53687091200\n' },
    {
      match: unit,
      exitCode: 1,
      stderr: 'Error: committing: writing blob: write /var/lib: no space left on device\n',
    },
  ])
  const spec = { containerfile: '/c', context: '/x', tag: 'localhost/t' }
  await assert.rejects(builder.build(instance, spec, silent), {
    code: 'failed',
    message: 'the disk of the builder is full: 1 GiB of 50 GiB were left for this step',
    hint: 'DVM_BUILDER_DISK=80 dvm base build --clean',
  })
})

test('findings of the image check are its lines; an image without a shell is a finding, too', async (t) => {
  const checked = async (answer: Omit<Answer, 'match'>) => {
    const { builder, instance } = await setUp(t, [{ match: unit, ...answer }])
    return builder.check(instance, 'image', 'true')
  }
  assert.deepEqual(await checked({ stdout: 'all is well\n' }), [])
  assert.deepEqual(await checked({ exitCode: 1, stdout: 'no kernel\n\nno sshd\n' }), ['no kernel', 'no sshd'])
  assert.deepEqual(await checked({ exitCode: 127, stderr: 'Error: crun: bash: not found\n' }), [
    'the image cannot run a shell script: Error: crun: bash: not found',
  ])
})

test('the id of a bootstrapped image is the last line, whatever was said before', async (t) => {
  const { builder, instance } = await setUp(t, [{ match: unit, stdout: 'making it\nsha256:1\nthe-id\n' }])
  assert.equal(await builder.bootstrap(instance, 'true', silent), 'the-id')
})

test('the context goes through tar as it comes, and a tar that fails is an error', async (t) => {
  const { builder, instance, asked } = await setUp(t)
  await builder.ship(instance, Readable.from([Buffer.from('bytes')]))
  assert.deepEqual(asked(), ['tar --extract --ignore-zeros --no-same-owner --directory /var/lib/dvm/work'])
  const bad = await setUp(t, [{ match: ['sudo', 'tar'], exitCode: 2, stderr: 'tar: not an archive\n' }])
  await assert.rejects(bad.builder.ship(bad.instance, Readable.from([Buffer.from('x')])), {
    message: 'the builder could not receive the build context',
    tail: ['tar: not an archive'],
  })
})

test('an image is sent by a script that has its name as an argument; one that is not there is an error', async (t) => {
  const question = ['sudo', 'bash', '-s', '--', 'localhost/x:latest']
  const packed = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0])
  const { builder, instance } = await setUp(t, [{ match: question, bytes: packed.toString('base64') }])
  const pipe = new PassThrough()
  const [arrived] = await Promise.all([buffer(pipe), builder.save(instance, 'localhost/x:latest', pipe)])
  assert.deepEqual(arrived, packed)
  const gone = await setUp(t, [{ match: question, exitCode: 125, stderr: 'Error: image not known\n' }])
  await assert.rejects(gone.builder.save(gone.instance, 'localhost/x:latest', new PassThrough()), {
    code: 'failed',
    message: 'the builder could not send the image localhost/x:latest',
    tail: ['Error: image not known'],
  })
})

test('provisioning is marked only when it came to its end', async (t) => {
  const { builder, instance, asked } = await setUp(t, [{ match: unit, exitCode: 100, stderr: 'E: apt\n' }])
  await assert.rejects(builder.provision(instance, 'script', 'debian 1', silent), {
    message: 'the builder could not install what builds need',
  })
  assert.ok(!asked().some((line) => line.startsWith('install ')))
})

test('a builder that cannot be reached does not answer, and that is no error', async (t) => {
  const { builder, instance } = await setUp(t)
  assert.equal(await builder.answers(instance), true)
  assert.equal(await builder.answers({ ...instance, name: 'dvm-gone', sshConfigFile: undefined }), false)
})

test('a builder that went down in the middle is looked at once; one that did not costs one question', async (t) => {
  const well = await setUp(t)
  const started: string[] = []
  assert.equal(await well.builder.recover(well.instance, () => started.push('!'), silent), false)
  assert.deepEqual([started, well.asked()], [[], ['bash -s']])

  const fell = await setUp(t, [
    { match: ['sudo', 'bash', '-s'], stdout: 'yes\n' },
    { match: unit, exitCode: 1, stderr: 'Error: no\n', times: 1 },
  ])
  await assert.rejects(
    fell.builder.recover(fell.instance, () => started.push('!'), silent),
    {
      message: 'the builder could not repair its image store',
      hint: 'dvm base build --clean starts with a fresh builder',
    },
  )
  assert.equal(await fell.builder.recover(fell.instance, () => started.push('!'), silent), true)
  assert.deepEqual(started, ['!', '!'])
})

test('one that is slow to come back gets its time, unless that is cut short', async (t) => {
  const signal = new AbortController().signal
  const slow = await setUp(t, [{ match: ['true'], exitCode: 1, times: 1 }])
  assert.equal(await slow.builder.answers(slow.instance), false)
  const again = await setUp(t, [{ match: ['true'], exitCode: 1, times: 1 }])
  assert.equal(await again.builder.answers(again.instance, { ms: 60_000, signal }), true)
  const cut = await setUp(t, [{ match: ['true'], exitCode: 1 }])
  await assert.rejects(cut.builder.answers(cut.instance, { ms: 60_000, signal: AbortSignal.abort() }), {
    name: 'AbortError',
  })
})

test('network settings and the marker are one round trip, whatever the settings say before it', async (t) => {
  const question = ['sudo', 'bash', '-s', '--', 'dvm-network']
  const { builder, instance, fake } = await setUp(t, [
    { match: question, stdout: 'trusting\n::dvm marker::\ndebian abc\n', times: 1 },
    { match: question, stdout: '::dvm marker::\n', times: 1 },
    { match: question, exitCode: 3, stderr: 'no space left\n' },
  ])
  assert.equal(await builder.marker(instance, 'echo secret\n'), 'debian abc')
  assert.equal(await builder.marker(instance, 'echo secret\n'), '')
  await assert.rejects(builder.marker(instance, 'echo secret\n'), {
    message: 'the disk of the builder is full',
  })
  const [first, ...more] = fake.journal().filter(({ guest }) => guest !== undefined)
  assert.equal(more.length, 2)
  assert.match(first?.guest?.stdin ?? '', /^echo secret\n[^]*cat \/var\/lib\/dvm\/provisioned/)
  assert.doesNotMatch(first?.argv.join(' ') ?? '', /secret/)
})
