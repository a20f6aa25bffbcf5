// What dvm relies on from Lima, as one story of one VM. Runs on the fake in every check and on the real limactl in the
// end-to-end suite: that is what keeps the fake honest.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import test from 'node:test'
import type { TestContext } from 'node:test'
import type { DvmError } from '../../src/core/errors.ts'
import type { Instance, Lima, SshEndpoint } from '../../src/ports/lima/index.ts'

export interface LimaSubject {
  readonly lima: Lima
  /** An instance name that nothing else uses. */
  readonly name: string
  /** A YAML template whose image is larger than 1 GiB and boots. */
  readonly template: string
}

const failsWith = (code: string, message: RegExp) => (error: unknown) => {
  assert.equal((error as DvmError).name, 'DvmError', String(error))
  assert.equal((error as DvmError).code, code, String(error))
  assert.match((error as DvmError).message, message)
  assert.notEqual((error as DvmError).hint ?? '', '', 'an error says what to type')
  return true
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Arguments that any quoting mistake on the way would change. */
const hostile = [
  '',
  '-n',
  '--',
  "it's",
  'say "hi"',
  'a  b\tc',
  'line\nbreak\n',
  '$(id) `id` $HOME ${x} !! \\ \\n',
  '* ? [a] {a,b} ~ #no ;& | < > (x)',
  'grüße 日本語 🙂',
  'A=B',
  '\u0001\u007F',
]

const collect = (): { to: Writable; bytes: () => Buffer } => {
  const chunks: Buffer[] = []
  const to = new Writable({
    write: (chunk: Buffer, _, done) => {
      chunks.push(chunk)
      done()
    },
  })
  return { to, bytes: () => Buffer.concat(chunks) }
}

export const limaContract = (title: string, make: (t: TestContext) => Promise<LimaSubject>): void => {
  void test(`Lima contract: ${title}`, async (t) => {
    const { lima, name, template } = await make(t)
    const find = async (): Promise<Instance | undefined> =>
      (await lima.list()).find((instance) => instance.name === name)
    const running = async (): Promise<Instance> => {
      const instance = await find()
      assert.ok(instance !== undefined && instance.status === 'Running', 'the VM should be running')
      return instance
    }
    // One story: a step that fails makes the rest pointless, and must not leave the VM running.
    let broken = false
    const step = async (what: string, body: () => Promise<void>): Promise<void> => {
      await t.test(what, { skip: broken ? 'an earlier step failed' : false }, async () => {
        broken = true
        await body()
        broken = false
      })
    }

    await step('knows its version', async () =>
      assert.match(await lima.version(), /^(\d+\.\d+\.\d+|unknown)$/),
    )
    await step('is not too old', () => lima.refuseTooOld())
    await step('knows what VMs can run on here', async () =>
      assert.ok((await lima.vmTypes()).includes('qemu')),
    )
    await step('has nothing of that name yet, and says so', async () => {
      assert.equal(await find(), undefined)
      await assert.rejects(lima.start(name), failsWith('not-found', /no Lima instance/))
      await assert.rejects(lima.stop(name), failsWith('not-found', /no Lima instance/))
      await lima.delete(name)
    })
    await step('a create that fails leaves nothing', async () => {
      await assert.rejects(
        lima.create({ name, template, disk: 1 }),
        failsWith('config', /smaller than the image/),
      )
      await assert.rejects(
        lima.create({ name, template: 'template:no-such-thing' }),
        failsWith('not-found', /no template/),
      )
      assert.equal(await find(), undefined)
    })
    await step('creates with the sizes asked for', async () => {
      const portForwards = ['23456:3000']
      await lima.create({ name, template, cpus: 2, memory: 1, disk: 10, vmType: 'qemu', portForwards })
      const instance = await find()
      assert.equal(instance?.status, 'Stopped')
      assert.deepEqual(
        { cpus: instance.cpus, memory: instance.memory, disk: instance.disk, vmType: instance.vmType },
        { cpus: 2, memory: 1024 ** 3, disk: 10 * 1024 ** 3, vmType: 'qemu' },
      )
    })
    await step('does not create it twice, and keeps the first', async () => {
      await assert.rejects(lima.create({ name, template, disk: 10 }), failsWith('failed', /already exists/))
      assert.notEqual(await find(), undefined)
    })
    await step(
      'a VM that never ran has no place for ssh to go, runs nothing and cannot be stopped',
      async () => {
        const instance = await find()
        assert.ok(instance !== undefined)
        assert.equal(await lima.endpoint(instance), undefined)
        await assert.rejects(lima.run(instance, { argv: ['true'] }), failsWith('failed', /is stopped/))
        await assert.rejects(lima.stop(name), failsWith('failed', /is stopped/))
      },
    )
    await step('starts', async () => {
      const lines: string[] = []
      await lima.start(name, {}, (line) => lines.push(line))
      await running()
      assert.ok(
        lines.every((line) => !line.startsWith('{')),
        'the log is text, not JSON',
      )
    })
    let endpoint: SshEndpoint | undefined
    await step('says where its ssh is, with which keys, and who logs in', async () => {
      const instance = await running()
      endpoint = await lima.endpoint(instance)
      assert.equal(endpoint?.port, instance.sshLocalPort)
      assert.match(endpoint.identityFiles[0] ?? '', /^\/.*\/_config\/user$/)
      assert.match(endpoint.loginUser ?? '', /^[a-z_][\w.-]*$/)
    })
    await step('starting it again does nothing', async () => lima.start(name))
    await step('deleting it needs force while it runs', async () =>
      assert.rejects(lima.delete(name), failsWith('failed', /is running/)),
    )
    await guestSteps(step, lima, running)
    await step('stops', async () => {
      await lima.stop(name)
      const stopped = await find()
      assert.equal(stopped?.status, 'Stopped')
      assert.deepEqual(await lima.endpoint(stopped), endpoint, 'that of the last start')
      await assert.rejects(lima.stop(name), failsWith('failed', /is stopped/))
      await lima.stop(name, { force: true })
    })
    await step('deletes, once or more often', async () => {
      await lima.delete(name)
      assert.equal(await find(), undefined)
      await lima.delete(name)
    })
    if (broken) await lima.delete(name, { force: true })
  })
}

const guestSteps = async (
  step: (what: string, body: () => Promise<void>) => Promise<void>,
  lima: Lima,
  running: () => Promise<Instance>,
): Promise<void> => {
  await step('arguments reach the guest byte for byte', async () => {
    const { stdout, exitCode } = await lima.run(await running(), { argv: ['printf', '%s\\0', ...hostile] })
    assert.equal(exitCode, 0)
    assert.deepEqual(stdout.split('\0').slice(0, -1), hostile)
  })
  await step('exit codes are the command’s own, 255 included', async () => {
    const instance = await running()
    for (const code of [0, 1, 42, 255])
      assert.equal((await lima.run(instance, { argv: ['bash', '-c', `exit ${code}`] })).exitCode, code)
    assert.equal((await lima.run(instance, { argv: ['no-such-command'] })).exitCode, 127)
    assert.equal(await lima.attach(instance, { argv: ['bash', '-c', 'exit 7'] }), 7)
  })
  await step('runs in / or the directory asked for', async () => {
    const instance = await running()
    assert.equal((await lima.run(instance, { argv: ['pwd'] })).stdout, '/')
    assert.equal((await lima.run(instance, { argv: ['pwd'], workdir: '/usr' })).stdout, '/usr')
    assert.equal((await lima.run(instance, { argv: ['pwd'], workdir: '/no/such' })).exitCode, 1)
  })
  await step('stdin is what was given, or empty', async () => {
    const instance = await running()
    assert.equal((await lima.run(instance, { argv: ['cat'] })).stdout, '')
    assert.equal((await lima.run(instance, { argv: ['cat'], input: 'a\n$b ü' })).stdout, 'a\n$b ü')
  })
  await step('stdout and stderr come apart, line by line, whole', async () => {
    const lines = { stdout: 0, stderr: 0 }
    const script = 'seq 1 50000; seq 1 100 >&2'
    const completed = await lima.run(await running(), { argv: ['bash', '-c', script] }, (_, stream) => {
      lines[stream] += 1
    })
    assert.equal(completed.stdout.split('\n').at(-1), '50000')
    assert.deepEqual(lines, { stdout: 50_000, stderr: 100 })
  })
  await step('a command that takes too long is an error, at once', async () => {
    const instance = await running()
    const started = Date.now()
    const slow = lima.run(instance, { argv: ['sleep', '20'], timeoutMs: 1500 })
    await assert.rejects(slow, failsWith('failed', /no end after/))
    assert.ok(Date.now() - started < 15_000, 'it does not wait for what still runs in the guest')
  })
  await step('streams bytes both ways unchanged', async () => {
    const instance = await running()
    const bytes = randomBytes(4 * 1024 * 1024 + 1)
    const path = `/tmp/dvm-contract-${process.pid}`
    const from = Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)])
    const sent = await lima.stream(
      instance,
      { argv: ['dd', `of=${path}`, 'bs=64k', 'status=none'] },
      { from },
    )
    assert.equal(sent.exitCode, 0)
    const there = await lima.run(instance, { argv: ['wc', '-c', path] })
    assert.equal(Number.parseInt(there.stdout, 10), bytes.length)
    const back = collect()
    const received = await lima.stream(instance, { argv: ['cat', path] }, { to: back.to })
    assert.equal(received.exitCode, 0)
    assert.equal(sha256(back.bytes()), sha256(bytes))
    await lima.run(instance, { argv: ['rm', path] })
  })
  await step('an open file is a command’s stdin or stdout, whole', async () => {
    const instance = await running()
    const folder = mkdtempSync(join(tmpdir(), 'dvm-contract-'))
    const bytes = randomBytes(2 * 1024 * 1024 + 1)
    const guest = `${folder}-guest`
    writeFileSync(join(folder, 'from'), bytes)
    const [from, to] = [openSync(join(folder, 'from'), 'r'), openSync(join(folder, 'to'), 'w')]
    try {
      const argv = ['dd', `of=${guest}`, 'bs=64k', 'status=none']
      assert.equal((await lima.stream(instance, { argv }, { fromFile: from })).exitCode, 0)
      const lines: string[] = []
      const script = 'cat "$1" && echo "all of it" >&2 && exit 3'
      const back = await lima.stream(
        instance,
        { argv: ['bash', '-c', script, 'dvm', guest] },
        { toFile: to },
        (line) => lines.push(line),
      )
      assert.deepEqual([back.exitCode, back.stdout, lines], [3, '', ['all of it']])
      assert.equal(sha256(readFileSync(join(folder, 'to'))), sha256(bytes))
    } finally {
      for (const file of [from, to]) closeSync(file)
      await lima.run(instance, { argv: ['rm', '-f', guest] })
      rmSync(folder, { recursive: true, force: true })
    }
  })
  await step('copies files both ways', async () => {
    const instance = await running()
    const folder = mkdtempSync(join(tmpdir(), 'dvm-contract-'))
    const [host, back, guest] = [join(folder, 'a b'), join(folder, 'back'), `${folder}-guest`]
    try {
      writeFileSync(host, 'content ü\n')
      await lima.copy(instance, { direction: 'to-guest', host, guest })
      await lima.copy(instance, { direction: 'from-guest', guest, host: back })
      assert.equal(readFileSync(back, 'utf8'), 'content ü\n')
      await assert.rejects(
        lima.copy(instance, { direction: 'to-guest', host: join(folder, 'none'), guest }),
        failsWith('failed', /No such file/),
      )
    } finally {
      await lima.run(instance, { argv: ['rm', '-f', guest] })
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
