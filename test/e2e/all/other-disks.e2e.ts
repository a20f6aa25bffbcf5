// VMs from disks that dvm did not make, and a VM that is made while a build is under way. Makes its base when there is none
// (10-base-build).
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { containerfile, ensureBase, user, writeContainerfile, writeVm } from '../../support/e2e-base.ts'
import {
  builder,
  cacheDir,
  dvm,
  endless,
  home,
  idle,
  instances,
  publishedBase,
  remoteWork,
  startEndless,
} from '../../support/e2e.ts'

before(ensureBase)

const folder = join(home, `another "odd" path, isn't it`)

/** Syncs a VM from a disk, asks it who it is, and takes it away; resolves to its row in `ls`. */
const bootFrom = async (vm: string, disk: string): Promise<Record<string, unknown>> => {
  writeVm(vm)
  const synced = await dvm(['sync', vm], { env: { DVM_BASE_IMAGE: disk } })
  assert.deepEqual([synced.exitCode, synced.stdout], [0, ''], synced.stderr)
  assert.deepEqual(await dvm(['ssh', vm, '--', 'id', '--user', '--name']), {
    exitCode: 0,
    stdout: `${user}\n`,
    stderr: '',
  })
  const rows = JSON.parse((await dvm(['ls', '--json'])).stdout) as Record<string, unknown>[]
  assert.equal((await dvm(['rm', vm, '--yes', '--config'])).exitCode, 0)
  return rows.find(({ name }) => name === vm) ?? {}
}

test('a raw disk at an odd path: a VM boots from it, base rm --image removes exactly it', async () => {
  const disk = join(folder, `di$k of 'mine'.img`)
  mkdirSync(folder, { recursive: true })
  execFileSync('qemu-img', ['convert', '-O', 'raw', join(cacheDir, 'base', 'disk.qcow2'), disk])
  const row = await bootFrom('raw', disk)
  assert.deepEqual([row['generation'], row['behind']], [null, false])
  const { current } = publishedBase()
  const removed = await dvm(['base', 'rm', '--image'], { env: { DVM_BASE_IMAGE: disk } })
  assert.deepEqual([removed.exitCode, removed.stderr], [0, `removed ${disk.replace(home, '~')}\n`])
  assert.deepEqual(readdirSync(folder), [])
  assert.equal(publishedBase().current, current)
  rmSync(folder, { recursive: true })
})

/** The image that the builder was made from: the template's own, or what Lima downloaded. */
const plainDebian = (): string | undefined => {
  const template = process.env['DVM_BUILDER_TEMPLATE'] ?? ''
  if (template !== '') return /location: "?(\/[^"\n]+)/.exec(readFileSync(template, 'utf8'))?.[1]
  const cache = process.platform === 'darwin' ? 'Library/Caches' : '.cache'
  const downloads = join(home, cache, 'lima/download/by-url-sha256')
  return readdirSync(downloads)
    .map((name) => join(downloads, name, 'data'))
    .find((file) => existsSync(file) && readFileSync(file).subarray(0, 3).equals(Buffer.from('QFI')))
}

test('a qcow2 disk that is none of dvm’s: the image of a plain Debian', async () => {
  const disk = plainDebian()
  assert.ok(disk, 'the builder was made from no local image')
  const row = await bootFrom('foreign', disk)
  assert.equal(row['generation'], null)
})

test('a sync during a build boots from the old base at once', async () => {
  const { current } = publishedBase()
  writeContainerfile(containerfile('during', endless))
  const build = await startEndless(['base', 'build', '--no-boot-test'], { ownGroup: true })
  writeVm('during')
  const synced = await dvm(['sync', 'during'])
  assert.equal(synced.exitCode, 0, synced.stderr)
  assert.doesNotMatch(synced.stderr, /waiting/)
  assert.match((await dvm(['ssh', 'during', '--', 'greet', 'x'])).stdout, /^hello from \S+: x\n$/)
  const [row] = JSON.parse((await dvm(['ls', '--json'])).stdout) as Record<string, unknown>[]
  assert.equal(row?.['generation'], current)
  assert.match(build.stderr(), /✔ Build dvm-base/)
  build.kill('SIGINT')
  assert.equal((await build.result).exitCode, 130)
  assert.deepEqual(await remoteWork(), idle)
  assert.equal((await dvm(['rm', 'during', '--yes', '--config'])).exitCode, 0)
  assert.deepEqual(
    (await instances()).map(({ name }) => name),
    [builder],
  )
})
