// The VM part of the benchmark: what people type all day, on VMs from the base that was just built.
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { measureDevBase } from './dev-base.ts'
import { bare, dvm, lima, median, medians, node, root, row, run, templates } from './measure.ts'

const config = (vm: string): string => join(root, 'config', 'vms', vm)
/** Lima's own ssh configuration, with its control socket. */
const direct = (vm: string): readonly string[] => ['-F', join(lima, `dvm-${vm}`, 'ssh.config')]
const host = (vm: string): string => `lima-dvm-${vm}`

const list = () => run('limactl', ['list'])
const script = join(root, 'setup.sh')
const accountScript = join(templates, 'guest', 'bootstrap.sh')
/** What a script would do for the account, in a call of its own. */
const withAccount = (user: string) => () =>
  run('bash', [bare, 'sync-account', 'dvm-bench', script, user, accountScript])

const measureSync = async (user: string): Promise<void> => {
  writeFileSync(script, 'true\n', { mode: 0o600 })
  const shell = () => run('bash', [bare, 'sync', 'dvm-bench', script])
  const [ours, plain, account] = await medians(() => dvm('sync', 'bench'), shell, withAccount(user))
  row('no-op sync; bare: list, start, setup.sh', ours, plain, '≤ 0.50')
  row('no-op sync; bare: list, start, the account, setup.sh', ours, account, '≤ 0.50')
}

/** For a DVM_USER who is not Lima's login user, as few have it. */
const measureAnother = async (): Promise<void> => {
  const file = join(config('bench'), 'config.sh')
  const before = readFileSync(file, 'utf8')
  writeFileSync(file, `${before}\nDVM_USER=another\n`)
  await dvm('sync', 'bench')
  const [sync, bareSync, ssh] = await medians(
    () => dvm('sync', 'bench'),
    withAccount('another'),
    () => dvm('ssh', 'bench', '--', 'true'),
  )
  row('no-op sync for another DVM_USER; bare: the same as above', sync, bareSync, '')
  row('ssh VM -- true for another DVM_USER', ssh, undefined, '')
  writeFileSync(file, before)
  await dvm('sync', 'bench')
}

const measureSsh = async (): Promise<void> => {
  const [ours, start, ssh] = await medians(
    () => dvm('ssh', 'bench', '--', 'true'),
    node,
    () => run('ssh', [...direct('bench'), host('bench'), '--', 'true']),
  )
  row('ssh VM -- true; bare: node -e 0, then ssh', ours, start + ssh, '+ 60 ms')
}

const measureCopy = async (): Promise<void> => {
  const file = join(root, 'gibibyte')
  execFileSync('sh', ['-c', 'head -c 1073741824 /dev/urandom > "$1"', 'sh', file])
  const [into, back] = [`${host('bench')}:/var/tmp/bare`, join(root, 'back')]
  const scp = await run('scp', ['-q', ...direct('bench'), file, into])
  await run('ssh', [...direct('bench'), host('bench'), '--', 'rm', '/var/tmp/bare'])
  const copied = await dvm('cp', file, 'bench:/var/tmp/ours')
  row('cp of 1 GiB into a VM; bare: scp', copied.seconds, scp.seconds, '≤ 1.10')
  const fetched = await dvm('cp', 'bench:/var/tmp/ours', back)
  const scpBack = await run('scp', ['-q', ...direct('bench'), `${host('bench')}:/var/tmp/ours`, back])
  row('cp of 1 GiB out of it; bare: scp', fetched.seconds, scpBack.seconds, '≤ 1.10')
  for (const path of [file, back]) rmSync(path)
}

/** VMs that nobody starts: one that Lima made, and copies of its directory. */
const measureMany = async (): Promise<void> => {
  const image = join(root, 'nothing.raw')
  writeFileSync(image, '')
  truncateSync(image, 1024 ** 2)
  const first = join(lima, 'dvm-idle1')
  const template = join(root, 'idle.yaml')
  writeFileSync(template, `plain: true\nimages:\n- location: ${image}\n`)
  await run('limactl', ['--tty=false', 'create', '--name', 'dvm-idle1', '--disk', '1', template])
  for (let n = 1; n <= 50; n += 1) {
    if (n > 1) cpSync(first, join(lima, `dvm-idle${n}`), { recursive: true })
    mkdirSync(config(`idle${n}`), { recursive: true, mode: 0o700 })
    writeFileSync(join(config(`idle${n}`), 'config.sh'), '', { mode: 0o600 })
  }
  row('ls with 50 more instances', ...(await medians(() => dvm('ls'), list)), '+ 100 ms')
  for (let n = 1; n <= 50; n += 1) {
    rmSync(join(lima, `dvm-idle${n}`), { recursive: true, force: true })
    rmSync(config(`idle${n}`), { recursive: true, force: true })
  }
}

/** All VMs are ready: how long the slowest takes alone, and all of them together. Then two of them get a dev-base. */
const measureAll = async (bootstrap: string): Promise<void> => {
  const names = ['bench', 'bench2', 'bench3']
  for (const name of names.slice(1)) await dvm('new', name)
  await dvm('sync', '--all')
  for (const name of names) appendFileSync(join(config(name), 'setup.sh'), '\nsleep 3\n')
  const alone: number[] = []
  for (const name of names) alone.push(await median(3, () => dvm('sync', name)))
  row(
    'sync --all of 3 ready VMs; beside it the slowest alone',
    await median(3, () => dvm('sync', '--all')),
    Math.max(...alone),
    'about 1',
  )
  await measureDevBase('bench2', 'bench3', bootstrap)
  for (const name of names.slice(1)) await dvm('rm', name, '--yes', '--config')
}

/**
 * Makes its VMs and removes them again.
 * @param bootstrap the bare Debian that the builder made
 */
export const measureVms = async (bootstrap: string): Promise<void> => {
  await dvm('new', 'bench')
  // Three of them stand side by side later.
  const smaller = readFileSync(join(config('bench'), 'config.sh'), 'utf8')
  writeFileSync(join(config('bench'), 'config.sh'), `${smaller}\nDVM_MEMORY=2\n`)
  await dvm('sync', 'bench')
  // The second one sees what the first one made.
  await dvm('sync', 'bench')
  await measureSync(userInfo().username)
  await measureSsh()
  await measureAnother()
  row('ls', ...(await medians(() => dvm('ls'), list)), '+ 100 ms')
  await measureMany()
  await measureCopy()
  await measureAll(bootstrap)
  await dvm('rm', 'bench', '--yes', '--config')
}
