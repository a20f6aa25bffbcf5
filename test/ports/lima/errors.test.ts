import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { Completed } from '../../../src/core/command.ts'
import { isLimaFailure, isSshFailure, limaError } from '../../../src/ports/lima/errors.ts'

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'lima')

const completed = (part: Partial<Completed>): Completed => ({
  command: 'limactl',
  exitCode: 1,
  code: undefined,
  stdout: '',
  stderr: '',
  timedOut: false,
  canceled: false,
  ...part,
})

/** fixture → what a person reads. Captured from limactl 2.2.0 with an instance of that name. */
const expected: Readonly<Record<string, readonly [code: string, message: string, hint: RegExp]>> = {
  'create-exists': ['failed', 'the Lima instance dvm-x already exists', /limactl list dvm-x/],
  'create-disk-too-small': [
    'config',
    'the disk size for dvm-x is smaller than the image it starts from',
    /DVM_DISK/,
  ],
  'create-unknown-template': ['not-found', 'Lima has no template nonexist.yaml', /--list-templates/],
  'create-no-file': [
    'failed',
    'could not create dvm-x: open /nonexistent.yaml: no such file or directory (exit code 1)',
    /limactl list/,
  ],
  'create-vm-type': ['config', 'Lima cannot make VMs of type "vz" here', /DVM_VM_TYPE/],
  'create-unknown-flag': ['tool', 'this limactl does not know an option that dvm uses', /Lima 2\.1/],
  'create-name-too-long': [
    'config',
    "the name dvm-x is too long for Lima's folder: sockets there have a limit on the length of their paths",
    /shorter name/,
  ],
  'create-name-form': [
    'config',
    'Lima takes no instance called dvm-x: no "-" may end a name, and no two may stand together',
    /rename its directory/,
  ],
  'create-unix-path-max': [
    'config',
    "the name dvm-x is too long for Lima's folder: sockets there have a limit on the length of their paths",
    /LIMA_HOME/,
  ],
  'create-no-image': ['failed', 'the disk image /nonexistent/disk.qcow2 is not there', /dvm base status/],
  'create-bad-image': ['network', 'Lima could not download what dvm-x needs', /proxy/],
  'create-bad-yaml': ['config', 'the Lima template for dvm-x is not valid', /validate/],
  'create-empty-yaml': ['config', 'the Lima template for dvm-x is not valid', /validate/],
  'create-no-qemu': ['tool', 'Lima needs qemu-img, which is not installed', /install QEMU/],
  'start-missing': ['not-found', 'there is no Lima instance dvm-x', /^dvm sync x$/],
  'start-bad-settings': [
    'failed',
    "the settings of the Lima instance dvm-x (lima.yaml in Lima's folder) cannot be read",
    /limactl edit/,
  ],
  'start-half-running': ['failed', 'a crash left the Lima instance dvm-x half running', /stop --force dvm-x/],
  'stop-missing': ['not-found', 'there is no Lima instance dvm-x', /^dvm sync x$/],
  'stop-stopped': ['failed', 'the Lima instance dvm-x is stopped', /^dvm sync x$/],
  'stop-broken': ['failed', 'the Lima instance dvm-x is in the state "Broken"', /stop --force dvm-x/],
  'delete-incomplete': [
    'failed',
    'the folder of the Lima instance dvm-x is incomplete, so Lima will not delete it',
    /remove the folder/,
  ],
  'delete-protected': ['refused', 'the Lima instance dvm-x is protected from removal', /unprotect dvm-x/],
  'shell-missing': ['not-found', 'there is no Lima instance dvm-x', /^dvm sync x$/],
  'shell-stopped': ['failed', 'the Lima instance dvm-x is stopped', /^dvm sync x$/],
  root: ['refused', 'Lima refuses to run as root', /ordinary user/],
}

for (const [name, [code, message, hint]] of Object.entries(expected))
  test(`limactl's own output: ${name}`, () => {
    const stderr = readFileSync(join(folder, `${name}.stderr`), 'utf8')
    const error = limaError(completed({ stderr }), { what: `${name.split('-')[0]} dvm-x`, name: 'dvm-x' })
    assert.deepEqual(
      { code: error.code, message: error.message.replace(/; it may be.*/, '') },
      { code, message },
    )
    assert.match(error.hint ?? '', hint)
  })

test('every captured failure is in the table', () => {
  const harmless = ['delete-missing', 'list-none']
  const captured = readdirSync(folder)
    .filter((file) => file.endsWith('.stderr'))
    .map((file) => file.slice(0, -'.stderr'.length))
  assert.deepEqual(captured.filter((name) => !harmless.includes(name)).sort(), Object.keys(expected).sort())
})

/** From Lima's source; not provoked on this machine. */
const fromSource: readonly (readonly [said: string, code: string, message: RegExp])[] = [
  ['did not receive an event with the `running` status', 'failed', /did not become ready in time/],
  ['did not receive an event with the `exiting` status', 'failed', /did not shut down in time/],
  ['timed out waiting for instance to shut down after 3 minutes', 'failed', /did not shut down in time/],
  [
    'instance `dvm-x` seems running (hint: remove `/x/ha.pid` if the instance is not actually running)',
    'failed',
    /half running/,
  ],
  ['host agent process has exited: exit status 1', 'failed', /stopped while it was starting/],
  [
    'exiting, status={Running:false Degraded:false Exiting:true Errors:[]} (hint: see `/x/ha.stderr.log`)',
    'failed',
    /stopped while/,
  ],
  ['degraded, status={Running:true Degraded:true}', 'failed', /runs, but/],
  ['write /x/disk: no space left on device', 'failed', /is full/],
]

for (const [said, code, message] of fromSource)
  test(`Lima's source: ${said.slice(0, 50)}`, () => {
    const error = limaError(completed({ stderr: JSON.stringify({ level: 'fatal', msg: said }) }), {
      what: 'start dvm-x',
      name: 'dvm-x',
    })
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.notEqual(error.hint, undefined)
    assert.deepEqual(error.tail, [said])
  })

test('an unknown complaint is passed on with what was tried', () => {
  const attempt = { what: 'start dvm-x', name: 'dvm-x' }
  const warning = '{"level":"warning","msg":"careful"}'
  const stderr = `${warning}\n{"level":"fatal","msg":"the moon is wrong"}\n`
  assert.equal(
    limaError(completed({ stderr }), attempt).message,
    'could not start dvm-x: the moon is wrong (exit code 1)',
  )
  assert.equal(
    limaError(completed({}), attempt).message,
    'could not start dvm-x: limactl ended with exit code 1',
  )
})

test('a limactl that is not there, may not run, takes too long or was stopped', () => {
  const attempt = { what: 'start dvm-x', name: 'dvm-x', timeoutMs: 600_000 }
  assert.equal(limaError(completed({ exitCode: undefined, code: 'ENOENT' }), attempt).code, 'tool')
  assert.equal(limaError(completed({ exitCode: undefined, code: 'EACCES' }), attempt).code, 'tool')
  assert.match(limaError(completed({ timedOut: true }), attempt).message, /no end after 10 minutes/)
  assert.match(limaError(completed({ canceled: true }), attempt).message, /interrupted: start dvm-x/)
})

test('a guest command that fails is not taken for limactl failing, nor for ssh', () => {
  assert.equal(isLimaFailure(completed({ stderr: 'no such file' })), false)
  assert.equal(isLimaFailure(completed({ exitCode: 3, stderr: '{"level":"fatal","msg":"x"}' })), false)
  assert.equal(isLimaFailure(completed({ stderr: '{"level":"fatal","msg":"x"}\n' })), true)
  assert.equal(isSshFailure(completed({ exitCode: 255, stderr: 'my program failed' })), false)
  assert.equal(isSshFailure(completed({ exitCode: 1, stderr: 'ssh: connect to host' })), false)
  assert.equal(
    isSshFailure(
      completed({ exitCode: 255, stderr: 'ssh: connect to host 127.0.0.1 port 1: Connection refused' }),
    ),
    true,
  )
})
