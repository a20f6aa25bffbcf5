// Speed as a table: dvm beside the bare commands, in one run, on the same machine and VMs. Prints; judges nothing.
// Needs what scripts/bench sets up: limactl on PATH, LIMA_HOME, DVM_E2E_ROOT, DVM_E2E_DVM, DVM_BUILDER_TEMPLATE.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import {
  bare,
  baseDir,
  dvm,
  inTurns,
  median,
  medians,
  node,
  root,
  row,
  rows,
  run,
  templates,
  type Ran,
} from './measure.ts'
import { measureVms } from './vms.ts'

const containerfile = (line: string): void =>
  writeFileSync(
    join(baseDir, 'Containerfile'),
    [
      'FROM dvm-base',
      'RUN --mount=type=cache,id=dvm-debian-archives,target=/var/cache/apt --mount=type=cache,id=dvm-debian-lists,target=/var/lib/apt/lists \\',
      '  apt-get -q update && apt-get -q -y install --no-install-recommends jq',
      `RUN echo ${line} > /etc/dvm-bench`,
      '',
    ].join('\n'),
    { mode: 0o600 },
  )

rmSync(root, { recursive: true, force: true })
mkdirSync(baseDir, { recursive: true, mode: 0o700 })
const disk = join(root, 'bare.qcow2')
const bareBuild = (image: string, ...flags: string[]): Promise<Ran> =>
  run('bash', [bare, 'build', 'dvm-builder', baseDir, templates, image, disk, ...flags])

// Warm: the builder, the bootstrap image and the disk builder exist before anything is measured.
containerfile('warm')
await dvm('base', 'build', '--no-boot-test')
const { stdout: status } = await dvm('base', 'status', '--json')
const bootc = (JSON.parse(status) as { current: { bootcBaseId: string } }).current.bootcBaseId

// One build says little: the same one takes a tenth more or less from one hour to the next.
const turns = 3
containerfile('cold')
const [coldBare, coldDvm] = await inTurns(
  turns,
  () => bareBuild(bootc, '--no-cache'),
  () => dvm('base', 'build', '--no-boot-test', '--no-cache'),
)
row('cold build (no layer cache, no boot test)', coldDvm.middle, coldBare.middle, '≤ 1.05')
let lines = 0
const changed = (build: () => Promise<Ran>) => (): Promise<Ran> => {
  containerfile(`changed-${(lines += 1)}`)
  return build()
}
const [changedBare, changedDvm] = await inTurns(
  turns,
  changed(() => bareBuild(bootc)),
  changed(() => dvm('base', 'build', '--no-boot-test')),
)
row('rebuild after one changed line', changedDvm.middle, changedBare.middle, '≤ 1.05')
row('unchanged build', await median(9, () => dvm('base', 'build')), undefined, '< 0.3 s')

await measureVms(bootc)
row('--version', ...(await medians(() => dvm('--version'), node)), '+ 40 ms')

const header = ['what', 'dvm', 'bare commands', 'ratio', 'goal']
const kind = `${cpus().length} cores, ${Math.round(totalmem() / 1024 ** 3)} GiB, ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.versions.node}`
process.stdout.write(`${new Date().toISOString().slice(0, 10)}, ${kind}\n\n`)
for (const line of [header, header.map(() => '---'), ...rows])
  process.stdout.write(`| ${line.join(' | ')} |\n`)
process.stdout.write(
  `\nPeak memory of dvm during a build that streams its disk: ${Math.round(Math.max(coldDvm.peak, changedDvm.peak))} MiB (goal: under 150)\n`,
)
