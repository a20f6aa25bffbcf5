import assert from 'node:assert/strict'
import test from 'node:test'
import { parseEnvironment } from '../../src/core/environment.ts'
import type { DvmError } from '../../src/core/errors.ts'

const parse = (variables: Record<string, string> = {}) =>
  parseEnvironment({ HOME: '/home/u', ...variables }, '/cwd')

test('the defaults are those of the documentation', () =>
  assert.deepEqual(parse(), {
    home: '/home/u',
    configDir: '/home/u/.config/dvm',
    cacheDir: '/home/u/.cache/dvm',
    stateDir: '/home/u/.local/state/dvm',
    limactl: 'limactl',
    limaLogLevel: 'warn',
    verbose: false,
    dryRun: false,
    color: true,
    debug: false,
    rebuildDevBase: false,
    vmType: undefined,
    editor: undefined,
    baseDir: '/home/u/.config/dvm/base',
    baseImage: undefined,
    flavour: undefined,
    bootcBase: undefined,
    diskBuilder: undefined,
    caBundle: undefined,
    registryMirrors: undefined,
    builder: {
      instance: 'dvm-builder',
      template: undefined,
      memory: undefined,
      disk: undefined,
      cpus: undefined,
    },
  }))

test('every variable has its place', () => {
  const environment = parse({
    DVM_CONFIG_DIR: '~/c/',
    DVM_CACHE_DIR: 'rel',
    DVM_STATE_DIR: '/s//',
    DVM_LIMACTL: '/opt/limactl',
    DVM_LIMA_LOG_LEVEL: 'debug',
    DVM_VERBOSE: '1',
    DVM_DRY_RUN: 'true',
    NO_COLOR: '1',
    DVM_DEBUG: 'yes',
    DVM_REBUILD_DEV_BASE: '1',
    DVM_VM_TYPE: 'vz',
    DVM_EDITOR: 'zed',
    DVM_BASE_IMAGE: 'my disk.qcow2',
    DVM_FLAVOUR: 'debian',
    DVM_BOOTC_BASE: 'x',
    DVM_BISC_IMAGE: 'y',
    DVM_CA_BUNDLE: 'ca.pem',
    DVM_REGISTRY_MIRRORS: 'a.b=c.d',
    DVM_BUILDER_LIMA: 'b',
    DVM_BUILDER_TEMPLATE: '/t.yaml',
    DVM_BUILDER_MEMORY: '8',
    DVM_BUILDER_DISK: '100',
    DVM_BUILDER_CPUS: '3',
  })
  assert.deepEqual(environment, {
    home: '/home/u',
    configDir: '/home/u/c',
    cacheDir: '/cwd/rel',
    stateDir: '/s',
    limactl: '/opt/limactl',
    limaLogLevel: 'debug',
    verbose: true,
    dryRun: true,
    color: false,
    debug: true,
    rebuildDevBase: true,
    vmType: 'vz',
    editor: 'zed',
    baseDir: '/home/u/c/base',
    baseImage: '/cwd/my disk.qcow2',
    flavour: 'debian',
    bootcBase: 'x',
    diskBuilder: 'y',
    caBundle: '/cwd/ca.pem',
    registryMirrors: 'a.b=c.d',
    builder: { instance: 'b', template: '/t.yaml', memory: 8, disk: 100, cpus: 3 },
  })
  assert.equal(parse({ DVM_BASE_DIR: '/b' }).baseDir, '/b')
  assert.equal(parse({ XDG_STATE_HOME: '/x' }).stateDir, '/x/dvm')
})

test('empty means unset, and flags have their usual words for no', () => {
  const { configDir, limactl, flavour, builder } = parse({
    DVM_CONFIG_DIR: '',
    DVM_LIMACTL: '',
    DVM_FLAVOUR: '',
    DVM_BUILDER_MEMORY: '',
  })
  assert.deepEqual(
    [configDir, limactl, flavour, builder.memory],
    ['/home/u/.config/dvm', 'limactl', undefined, undefined],
  )
  for (const no of ['', '0', 'no', 'False']) assert.equal(parse({ DVM_VERBOSE: no }).verbose, false, no)
  assert.equal(parse({ DVM_VERBOSE: '1' }).limaLogLevel, 'info')
})

test('a number that is none, or no home, is a configuration error', () => {
  const message = (variables: Record<string, string>): string => {
    try {
      parse(variables)
      return 'fine'
    } catch (error) {
      return `${(error as DvmError).code}: ${(error as DvmError).message}`
    }
  }
  for (const value of ['0', '-1', '1.5', 'four', '4GiB', ' 4', '9999999'])
    assert.equal(
      message({ DVM_BUILDER_DISK: value }),
      `config: DVM_BUILDER_DISK must be a whole number above 0, not "${value}"`,
    )
  assert.equal(message({ HOME: '' }), 'config: HOME is not set')
})
