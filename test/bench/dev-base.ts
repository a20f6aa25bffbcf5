// The dev-base: dvm builds it once in the builder and streams it into each VM; the other way is to build it in each VM. Either
// way a container runs from it in the end.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bare, baseDir, dvm, root, row, run } from './measure.ts'

const context = join(root, 'dev-context')

/** A dev-base that installs something, and a project that needs it, in each of the VMs. */
const configure = async (vms: readonly string[]): Promise<void> => {
  await dvm('base', 'dev-init')
  cpSync(join(baseDir, 'dev'), context, { recursive: true })
  cpSync(join(baseDir, 'packages.txt'), join(context, 'dvm-packages.txt'))
  for (const vm of vms) {
    const project = join(root, 'config', 'vms', vm, 'projects', 'one')
    mkdirSync(project, { recursive: true, mode: 0o700 })
    writeFileSync(join(project, '../../setup.sh'), 'true\n', { mode: 0o600 })
    writeFileSync(join(project, 'project.sh'), '', { mode: 0o600 })
  }
}

/**
 * Both VMs run and have no dev-base yet.
 * @param from the image that the build starts from; the builder has it, the VMs are given it before anything is measured
 */
export const measureDevBase = async (first: string, second: string, from: string): Promise<void> => {
  await configure([first, second])
  const theirs: number[] = []
  for (const vm of [first, second]) {
    await run('bash', [bare, 'lend', 'dvm-builder', `dvm-${vm}`, from])
    theirs.push((await run('bash', [bare, 'dev-base', `dvm-${vm}`, context, from])).seconds)
  }
  const ours: number[] = []
  for (const vm of [first, second]) ours.push((await dvm('sync', vm)).seconds)
  const [one = NaN, two = NaN] = ours
  const [bareOne = NaN, bareTwo = NaN] = theirs
  row('first dev-base and its project; bare: podman build and run in the VM', one, bareOne, '-')
  row('the same in a second VM; bare: both there, too', two, bareTwo, '< 1')
}
