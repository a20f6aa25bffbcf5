// Which paths a watch looks at, and whom they concern.
import assert from 'node:assert/strict'
import test from 'node:test'
import { isEditorFile } from '../../src/core/editor-files.ts'
import { concernsOf, interestIn, type WatchLayout } from '../../src/core/watched-files.ts'

const layout: WatchLayout = {
  baseDir: '/home/you/.config/dvm/base',
  configDir: '/home/you/.config/dvm',
  builderInstance: 'dvm-builder',
  vm: undefined,
}
const concerns = (path: string, change: Partial<WatchLayout> = {}): string =>
  concernsOf({ ...layout, ...change }, path)
    .map((concern) => `${concern.of === 'vm' ? concern.vm : concern.of}: ${concern.file}`)
    .join('; ')

const config = '/home/you/.config/dvm'
const table: readonly [string, string, string][] = [
  // path, whom a change concerns, how the path is watched
  [`${config}/base/Containerfile`, 'base: Containerfile', 'direct'],
  [`${config}/base/dev/Containerfile`, 'base: dev/Containerfile; projects: base/dev/Containerfile', 'direct'],
  [`${config}/base/.containerignore`, 'base: .containerignore', 'direct'],
  [`${config}/base/flavour`, 'base: flavour; projects: base/flavour', 'direct'],
  [`${config}/base/packages.txt`, 'base: packages.txt; projects: base/packages.txt', 'direct'],
  [`${config}/base/sub/packages.txt`, 'base: sub/packages.txt', 'direct'],
  [`${config}/base/developer`, 'base: developer', 'direct'],
  [`${config}/base/a\nb`, 'base: a\nb', 'direct'],
  [`${config}/base`, 'base: ', 'followed'],
  [`${config}/base/.git`, '', 'none'],
  [`${config}/base/.git/index`, '', 'none'],
  [`${config}/base/sub/.git/index`, '', 'none'],
  [`${config}/base/.gitignore`, 'base: .gitignore', 'direct'],
  [`${config}/base/.Containerfile.swp`, '', 'none'],
  [`${config}/base/sub/4913`, '', 'none'],
  [`${config}/base2/Containerfile`, '', 'none'],
  [`${config}/config.sh`, 'shared: the shared config.sh', 'followed'],
  [`${config}/.#config.sh`, '', 'none'],
  [`${config}/other`, '', 'none'],
  [`${config}/vms`, '', 'followed'],
  [`${config}/vms/app`, '', 'followed'],
  [`${config}/vms/app/config.sh`, 'app: config.sh', 'followed'],
  [`${config}/vms/app/setup.sh`, 'app: setup.sh', 'followed'],
  [`${config}/vms/app/setup.sh~`, '', 'none'],
  [`${config}/vms/app/notes.md`, '', 'none'],
  [`${config}/vms/app/projects`, '', 'followed'],
  [`${config}/vms/app/projects/api`, '', 'followed'],
  [`${config}/vms/app/projects/api/project.sh`, 'app: projects/api/project.sh', 'direct'],
  [`${config}/vms/app/projects/api/data/x`, 'app: projects/api/data/x', 'direct'],
  [`${config}/vms/app/projects/api/.git/x`, '', 'none'],
  [`${config}/vms/base/config.sh`, '', 'none'],
  [`${config}/vms/builder/config.sh`, '', 'none'],
  [`${config}/vms/Not a VM/config.sh`, '', 'none'],
  [config, '', 'followed'],
  ['/home/you/.config', '', 'followed'],
  ['/', '', 'followed'],
  ['/home/you/.config/dvm2', '', 'none'],
  ['/home/you/.ssh', '', 'none'],
]
for (const [path, concern, interest] of table)
  test(`${JSON.stringify(path)}: ${JSON.stringify(concern)}, ${interest}`, () =>
    assert.deepEqual([concerns(path), interestIn(layout, path)], [concern, interest]))

test('with a VM named, no other one counts', () => {
  const only = { vm: 'app' }
  assert.equal(concerns(`${config}/vms/app/setup.sh`, only), 'app: setup.sh')
  assert.equal(concerns(`${config}/vms/web/setup.sh`, only), '')
  assert.equal(interestIn({ ...layout, ...only }, `${config}/vms/web`), 'none')
  assert.equal(concerns(`${config}/config.sh`, only), 'shared: the shared config.sh')
})

test('a base directory elsewhere, also in a VM’s', () => {
  const away = { baseDir: '/srv/base' }
  assert.equal(concerns('/srv/base/Containerfile', away), 'base: Containerfile')
  assert.equal(concerns(`${config}/base/Containerfile`, away), '')
  assert.equal(interestIn({ ...layout, ...away }, '/srv'), 'followed')
  assert.equal(interestIn({ ...layout, baseDir: '/' }, '/etc/passwd'), 'direct')
  const inside = { baseDir: `${config}/vms/app/projects/api` }
  assert.equal(
    concerns(`${config}/vms/app/projects/api/x`, inside),
    'base: x; app: projects/api/x',
    'both are done',
  )
})

test('files of editors, by name', () => {
  const theirs = [
    '.x.swp',
    '.x.swo',
    '.Containerfile.swx',
    'x~',
    '.#x',
    '#x#',
    '4913',
    'a\nb~',
    '.x.kate-swp',
    '.goutputstream-AB12',
    'x___jb_tmp___',
    '.DS_Store',
  ]
  const yours = ['x', '~', '.swp', 'x.swp', '.x.swap', '49130', '#x', '~x', 'x~y', '.env', 'Containerfile']
  assert.deepEqual(
    theirs.filter((name) => !isEditorFile(name)),
    [],
  )
  assert.deepEqual(yours.filter(isEditorFile), [])
})
