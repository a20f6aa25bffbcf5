import assert from 'node:assert/strict'
import test from 'node:test'
import { defaultCpus, defaultVariables, parseVmConfig, vmVariables } from '../../src/core/config.ts'
import { DvmError } from '../../src/core/errors.ts'
import type { RawValues } from '../../src/core/raw-values.ts'

const defaults = { hostCores: 8, vmType: undefined }
const file = '/c/config.sh'
const raw = (values: Record<string, string | readonly string[]>): RawValues =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, file }]))
const messageFor = (values: Record<string, string | readonly string[]>): string => {
  try {
    parseVmConfig(raw(values), defaults)
  } catch (error) {
    assert.ok(error instanceof DvmError)
    assert.equal(error.exitCode, 3)
    return error.message
  }
  return 'no problem'
}

test('without a file everything is a default', () => {
  assert.deepEqual(parseVmConfig({}, defaults), {
    cpus: 6,
    memory: 2,
    disk: 30,
    user: 'developer',
    subuidCount: 65536,
    subgidCount: 65536,
    ports: [],
    vmType: undefined,
    devBase: undefined,
    forwardAgent: false,
  })
})

test('leaves the host one core, or two of more than four, and gives at least two', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 16].map(defaultCpus), [2, 2, 2, 3, 3, 4, 14])
})

test('the variables that files can build on are known ones', () => {
  const names: readonly string[] = vmVariables
  const variables = defaultVariables({ hostCores: 2, vmType: 'qemu' })
  assert.deepEqual(
    Object.keys(variables).filter((name) => !names.includes(name)),
    [],
  )
  assert.equal(variables['DVM_VM_TYPE'], 'qemu')
})

test('takes what the files say', () => {
  assert.deepEqual(
    parseVmConfig(
      raw({
        DVM_CPUS: '04',
        DVM_MEMORY: '1.5',
        DVM_DISK: '100',
        DVM_USER: 'mary-2',
        DVM_SUBUID_COUNT: '0',
        DVM_SUBGID_COUNT: '1',
        DVM_PORTS: ['8080:80', '65535:1', '8080:80'],
        DVM_VM_TYPE: 'vz',
        DVM_DEV_BASE: 'localhost:5000/a/b@sha256:00',
        DVM_FORWARD_AGENT: '1',
      }),
      { hostCores: 2, vmType: 'qemu' },
    ),
    {
      cpus: 4,
      memory: 1.5,
      disk: 100,
      user: 'mary-2',
      subuidCount: 0,
      subgidCount: 1,
      ports: [
        { host: 8080, guest: 80 },
        { host: 65535, guest: 1 },
      ],
      vmType: 'vz',
      devBase: 'localhost:5000/a/b@sha256:00',
      forwardAgent: true,
    },
  )
})

test('the VM type of the environment holds where no file sets one', () => {
  assert.equal(parseVmConfig({}, { hostCores: 2, vmType: 'qemu' }).vmType, 'qemu')
  assert.match(
    (() => {
      try {
        return parseVmConfig({}, { hostCores: 2, vmType: '--x' }).cpus.toString()
      } catch (error) {
        return String(error)
      }
    })(),
    /DVM_VM_TYPE must be a VM type of Lima, for example vz or qemu, not "--x"/,
  )
})

test('one text of ports counts as its words, an empty value as the default', () => {
  assert.deepEqual(parseVmConfig(raw({ DVM_PORTS: ' 1:2\n 3:4 ' }), defaults).ports, [
    { host: 1, guest: 2 },
    { host: 3, guest: 4 },
  ])
  assert.deepEqual(
    parseVmConfig(raw({ DVM_PORTS: '', DVM_CPUS: '', DVM_USER: '', DVM_VM_TYPE: '' }), defaults),
    parseVmConfig({}, defaults),
  )
})

test('what is opened to one VM is refused in the file that all read', () => {
  const files = { shared: '/c/config.sh', own: '/c/vms/app/config.sh' }
  const forwards = (value: RawValues[string]): unknown =>
    parseVmConfig({ DVM_FORWARD_AGENT: value }, defaults, files).forwardAgent
  assert.equal(forwards({ value: '1', file: files.own }), true)
  for (const value of ['0', '']) assert.equal(forwards({ value, file: files.shared }), false)
  assert.throws(() => forwards({ value: '1', file: files.shared }), {
    code: 'config',
    message: '/c/config.sh: DVM_FORWARD_AGENT is for one VM: set it in /c/vms/app/config.sh, and not for all',
  })
})

const hostile: readonly [string, readonly (string | readonly string[])[]][] = [
  ['DVM_CPUS', ['0', '-1', '1.5', '4 ', 'four', '$(id)', '99999', ['1', '2'], '1\n2', '٣']],
  ['DVM_MEMORY', ['0', '0.0', '4GiB', '-4', '1e3', '.5', '1,5', '99999999']],
  ['DVM_DISK', ['0', '30G', 'lots', '3 0']],
  ['DVM_USER', ['Mary', '1a', '-a', 'a b', 'a;id', 'a\nb', 'ä', "o'neil", '$USER', 'a_b']],
  ['DVM_SUBUID_COUNT', ['-1', '1.0', 'none', '4294967296']],
  ['DVM_SUBGID_COUNT', ['-1', '0x10']],
  ['DVM_VM_TYPE', ['--vm-type', 'a b', '"', 'vz;id']],
  ['DVM_FORWARD_AGENT', ['yes', '2', '01', ' 1', 'true', ['1', '1']]],
  ['DVM_DEV_BASE', ['-x', 'a b', '$(id)', 'a\nb', "'"]],
  [
    'DVM_PORTS',
    [
      ['80'],
      [':80'],
      ['80:'],
      ['1:2:3'],
      ['0:80'],
      ['80:0'],
      ['80:65536'],
      ['+80:80'],
      ['80: 80'],
      ['80:80 '],
      [''],
      ['1:2 3:4'],
      ['0x50:80'],
      ['127.0.0.1:80'],
      ['80:80\n'],
      ['99999999999999999999:80'],
      '80:80,81:81',
    ],
  ],
]
for (const [name, values] of hostile)
  test(`${name} refuses what it cannot be, naming the file`, () => {
    for (const value of values) {
      const message = messageFor({ [name]: value })
      assert.ok(message.startsWith(`${file}: ${name} must `), `${JSON.stringify(value)}: ${message}`)
      assert.doesNotMatch(message, /\n/)
    }
  })

test('two guest ports cannot share a host port', () => {
  assert.equal(
    messageFor({ DVM_PORTS: ['80:80', '80:81'] }),
    '/c/config.sh: DVM_PORTS gives host port 80 to two guest ports, 80 and 81',
  )
})

test('all problems come at once, with their files', () => {
  assert.throws(
    () =>
      parseVmConfig(
        {
          DVM_CPUS: { value: 'many', file: '/c/config.sh' },
          DVM_USER: { value: `Mary${'y'.repeat(100)}`, file: '/c/vms/a/config.sh' },
          DVM_PORTS: { value: ['1', '2'], file: '/c/vms/a/config.sh' },
        },
        defaults,
      ),
    new DvmError(
      'config',
      `the configuration has 4 problems
  /c/vms/a/config.sh: DVM_USER must be small letters, digits and "-", starting with a letter, not "Mary${'y'.repeat(56)}…"
  /c/config.sh: DVM_CPUS must be a whole number above 0, not "many"
  /c/vms/a/config.sh: DVM_PORTS must hold HOST:GUEST, both from 1 to 65535, not "1"
  /c/vms/a/config.sh: DVM_PORTS must hold HOST:GUEST, both from 1 to 65535, not "2"`,
      { hint: 'correct that, then: dvm doctor' },
    ),
  )
})
