// Whatever DVM_BASE_IMAGE names, and whatever became of a disk: every command answers, and none touches what is not a disk image.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { createBaseStore } from '../../src/ports/store/index.ts'
import { dvmOnFake, type DvmOnFake } from '../support/dvm-on-fake.ts'
import { manifestOf, metadataOf } from '../support/generations.ts'

const own = 'set it to the path of the disk image itself, in a directory of yours, or unset it'

/** What there is, how the variable names it, and why `base build` refuses it. */
const unfit: readonly [string, (dvm: DvmOnFake) => string, string][] = [
  [
    'a directory',
    ({ home, write }) => {
      write('disks/old.qcow2', 'x')
      return join(home, 'disks')
    },
    'names a directory',
  ],
  [
    'a link to a directory',
    ({ home }) => {
      mkdirSync(join(home, 'disks'))
      symlinkSync('disks', join(home, 'link'))
      return join(home, 'link')
    },
    'names a directory',
  ],
  ['a directory that is not there', ({ home }) => join(home, 'new/'), 'names a directory'],
  [
    'a pipe',
    ({ home }) => {
      execFileSync('mkfifo', [join(home, 'pipe')])
      return join(home, 'pipe')
    },
    'names something that is no file',
  ],
  ['a device', () => '/dev/null', 'names something that is no file'],
  [
    'a path below a file',
    ({ home, write }) => {
      write('file', 'x')
      return join(home, 'file/disk.qcow2')
    },
    'cannot be made a link (not a directory)',
  ],
  [
    'in a directory of the system’s',
    () => '/proc/dvm/x.qcow2',
    'cannot be made a link (no such file or directory)',
  ],
  [
    'a name that is too long',
    ({ home }) => join(home, 'n'.repeat(250)),
    'cannot be made a link (name too long)',
  ],
  [
    'dvm’s own cache',
    ({ home }) => join(home, '.cache/dvm/base/current/disk.qcow2'),
    "is in HOME/.cache/dvm/base, which is dvm's own",
  ],
  [
    'dvm’s own cache by way of a link',
    ({ home }) => {
      symlinkSync('.cache', join(home, 'cache'))
      mkdirSync(join(home, '.cache'))
      return join(home, 'cache/dvm/base/disk.qcow2')
    },
    "is in HOME/.cache/dvm/base, which is dvm's own",
  ],
  ['no name', ({ home }) => join(home, 'new') + '/.', 'names a directory'],
]
for (const [what, prepare, why] of unfit)
  test(`DVM_BASE_IMAGE is ${what}: base build refuses it before Lima is called, and nothing else waits for it`, async (t) => {
    const dvm = dvmOnFake(t)
    dvm.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
    dvm.write('.config/dvm/vms/app/config.sh', '')
    const path = prepare(dvm)
    const before = readdirSync(dvm.home, { recursive: true })
    const env = { DVM_BASE_IMAGE: path }
    assert.deepEqual(await dvm.run(['base', 'build'], { env }), {
      exitCode: 3,
      stdout: '',
      stderr: `dvm: DVM_BASE_IMAGE ${why.replaceAll('HOME', '~')}: ${path.replace(dvm.home, '~')}\n  try: ${own}\n`,
    })
    assert.deepEqual(dvm.fake.journal(), [])
    assert.deepEqual(readdirSync(dvm.home, { recursive: true }), before)
    for (const words of [['sync', 'app', '--dry-run'], ['doctor'], ['base', 'status']]) {
      const { exitCode, stderr } = await dvm.run(words, { env })
      assert.ok([0, 3, 4].includes(Number(exitCode)), `${words.join(' ')}: ${exitCode} ${stderr}`)
    }
  })

test('DVM_BASE_IMAGE is a link to itself: it counts as none, and base rm removes it', async (t) => {
  const dvm = dvmOnFake(t)
  const path = join(dvm.home, 'loop')
  symlinkSync('loop', path)
  const env = { DVM_BASE_IMAGE: path }
  const { exitCode, stdout } = await dvm.run(['base', 'status'], { env })
  assert.equal(exitCode, 0)
  assert.match(stdout, /^image: {5}none at ~\/loop: VMs boot from Lima's template:fedora\n/)
  assert.deepEqual(await dvm.run(['base', 'rm', '--image'], { env }), {
    exitCode: 0,
    stdout: '',
    stderr: 'removed ~/loop\n',
  })
  assert.equal(lstatSync(path, { throwIfNoEntry: false }), undefined)
})

/** The first bytes of a qcow2 of 1 GiB. */
const header = (): Buffer => {
  const bytes = Buffer.alloc(4096)
  bytes.writeUInt32BE(0x514649fb, 0)
  bytes.writeUInt32BE(3, 4)
  bytes.writeBigUInt64BE(1n << 30n, 24)
  return bytes
}

for (const [left, why] of [
  [1024, 'does not have the size that it was built with'],
  [10, 'is neither a qcow2 nor a raw disk that can boot'],
] as const)
  test(`a current disk that was cut to ${left} bytes is told by base status, and no VM is made from it`, async (t) => {
    const dvm = dvmOnFake(t)
    dvm.write('.config/dvm/vms/app/config.sh', '')
    const store = createBaseStore(join(dvm.home, '.cache/dvm'))
    const candidate = await store.prepare('a'.repeat(64))
    writeFileSync(candidate.disk, header())
    const record = metadataOf('a'.repeat(64), { diskSize: 4096 })
    const generation = await store.keep(candidate, record, manifestOf())
    await store.makeCurrent(generation)
    const before = await dvm.run(['base', 'status'])
    assert.equal(before.stdout.split('\n')[0], 'image:     ~/.cache/dvm/base/disk.qcow2')
    truncateSync(generation.disk, left)
    const { exitCode, stdout } = await dvm.run(['base', 'status'])
    assert.equal(exitCode, 0)
    const [image = ''] = stdout.split('\n')
    assert.ok(image.startsWith('image:     ~/.cache/dvm/base/disk.qcow2: cannot be used: '), image)
    assert.ok(image.endsWith(why), image)
    const json = JSON.parse((await dvm.run(['base', 'status', '--json'])).stdout) as { imageProblem: string }
    assert.ok(json.imageProblem.endsWith(why))
    const sync = await dvm.run(['sync', 'app'])
    assert.equal(sync.exitCode, 6, sync.stderr)
    assert.ok(sync.stderr.includes(why), sync.stderr)
    assert.ok(!dvm.fake.journal().some((call) => JSON.stringify(call).includes('create')))
  })

test('the cache’s own place of the disk is fine however it is written', async (t) => {
  const dvm = dvmOnFake(t, { guest: [{ match: ['sudo', 'df'], exitCode: 1 }] })
  dvm.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  const path = join(dvm.home, '.cache//dvm/./base/') + '/disk.qcow2'
  const { stderr } = await dvm.run(['base', 'build'], { env: { DVM_BASE_IMAGE: path } })
  assert.match(stderr, /^there is no base yet: building the first one\n/)
})

test('a login in a variable is shown by nothing', async (t) => {
  const dvm = dvmOnFake(t)
  dvm.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  const env = { DVM_BOOTC_BASE: 'https://me:secret-wo\u0001rd@quay.io/a/b:1\u001B[2J' }
  for (const words of [
    ['base', 'build'],
    ['base', 'status'],
    ['base', 'status', '--json'],
    ['doctor'],
    ['doctor', '--json'],
  ]) {
    const { stdout, stderr } = await dvm.run(words, { env })
    assert.ok(!`${stdout}${stderr}`.includes('secret'), `${words.join(' ')}: ${stdout}${stderr}`)
    assert.ok(!`${stdout}${stderr}`.includes('\u001B'), words.join(' '))
    if (words[0] === 'base') assert.match(`${stdout}${stderr}`, /https:\/\/\*\*\*@quay\.io/)
  }
})

test('words that are no command of dvm’s command no terminal either', async (t) => {
  const dvm = dvmOnFake(t)
  for (const words of [
    ['\u001B[31mfoo'],
    ['ls', '--x\u001B[31m'],
    ['help', '\u001B[2J'],
    ['sync', 'a\u001B[2Jb'],
  ]) {
    const { exitCode, stdout, stderr } = await dvm.run([...words, 'https://me:secret@h/'])
    assert.equal(exitCode, 2)
    for (const wrong of ['\u001B', 'secret']) assert.ok(!`${stdout}${stderr}`.includes(wrong), stderr)
  }
})
