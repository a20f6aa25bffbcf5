// cp as a process: both directions, files and directories, VMs and projects, and what it says when it cannot.
import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { copying } from '../support/copying.ts'
import { onGnu } from '../support/gnu.ts'
import { dvmOnFake } from '../support/dvm-on-fake.ts'
import { hostileNames } from '../support/hostile-names.ts'

const quiet = { exitCode: 0, stdout: '', stderr: '' }

test('what makes no sense is said before a VM is looked at', async (t) => {
  const { run, write, fake } = dvmOnFake(t)
  write('dir/file', '')
  write('file', '')
  write('.config/dvm/vms/app/projects/api/project.sh', '')
  for (const [args, exitCode, stderr] of [
    [
      ['file', 'dir'],
      2,
      'neither side is in a VM\n  try: write VM:PATH on one side: dvm cp FILE VM:, or dvm cp VM:FILE .',
    ],
    [
      ['./app:x', 'dir/'],
      2,
      'neither side is in a VM\n  try: write VM:PATH on one side: dvm cp FILE VM:, or dvm cp VM:FILE .',
    ],
    [
      ['app:a', 'web:b'],
      2,
      'both sides are in a VM; one must be a path of this machine\n  try: copy it here first, then from here into the other VM; a file of this machine is written ./app:a',
    ],
    [
      ['App:x', '.'],
      2,
      '"App" is not a VM name\n  try: a file of this machine with a colon in its name is written ./App:x',
    ],
    [['dir', 'app:'], 2, 'dir is a directory\n  try: dvm cp -r dir app:'],
    [['none', 'app:'], 5, 'none does not exist here\n  try: ls -la .'],
    [['/dev/null', 'app:'], 1, '/dev/null here is neither a file nor a directory\n  try: ls -la /dev'],
    [['app:x', 'none/'], 5, 'there is no directory none/ here\n  try: mkdir -p none/'],
    [['app/api:x', 'none/'], 5, 'there is no directory none/ here\n  try: mkdir -p none/'],
    [['app:x', 'none/y'], 5, 'there is no directory none here\n  try: mkdir -p none'],
    [
      ['-r', 'app:/', 'dir'],
      2,
      '/ has no name that its copy could keep\n  try: name the destination too: dir/NAME',
    ],
    [
      ['app:dir', '.'],
      1,
      'a directory is in the place of ./dir here, and a file does not replace it\n  try: copy to another name, or look first: ls -la .',
    ],
    [
      ['-r', 'dir', 'base:'],
      9,
      '"base" is reserved for the base image workflow\n  try: choose another name; the builder is managed with: dvm base status, dvm base rm --builder',
    ],
  ] as const)
    assert.deepEqual(await run(['cp', ...args]), { exitCode, stdout: '', stderr: `dvm: ${stderr}\n` })
  assert.deepEqual(await run(['cp', 'file', 'app:'], { env: { DVM_DRY_RUN: '1' } }), {
    exitCode: 2,
    stdout: '',
    stderr:
      'dvm: DVM_DRY_RUN is set, and cp cannot be tried without doing it\n  try: unset DVM_DRY_RUN (sync and pins update do have a dry run)\n',
  })
  assert.deepEqual(fake.calls(), [])
})

test('a VM that does not exist is not found, and the one that may have been meant is named', async (t) => {
  const { run, write } = dvmOnFake(t)
  write('.config/dvm/vms/app/config.sh', '')
  write('a b', '')
  assert.deepEqual(await run(['cp', 'a b', 'ap:x y']), {
    exitCode: 5,
    stdout: '',
    stderr: `dvm: the VM ap does not exist\n  try: dvm cp 'a b' 'app:x y', or for a new VM: dvm sync ap (dvm new ap first, if it has no configuration)\n`,
  })
  assert.equal(
    (await run(['cp', '-r', 'ap:x', '.'])).stderr.split('\n')[1]?.slice(0, 30),
    '  try: dvm cp -r app:x ., or f',
  )
  assert.deepEqual(
    readdirSync(join(write('x', ''), '..')).filter((name) => name.startsWith('.dvm-cp')),
    [],
  )
})

test('one command in the guest, as DVM_USER, relative to the code directory', async (t) => {
  const { run, write, fake } = dvmOnFake(t)
  fake.add({ name: 'dvm-app', status: 'Running' })
  write('.config/dvm/config.sh', 'DVM_USER=me\n')
  chmodSync(write('-x', 'four'), 0o751)
  for (const [typed, path] of [
    ['app:', '/home/me/code/app/'],
    ['app:a b/', '/home/me/code/app/a b/'],
    ['app:/etc/x', '/etc/x'],
  ] as const) {
    assert.deepEqual(await run(['cp', '--', '-x', typed]), quiet)
    const guest = fake.journal().at(-1)?.guest
    assert.deepEqual(guest?.argv.slice(0, 8), [
      'sudo',
      '--set-home',
      '--user',
      'me',
      '--',
      'bash',
      '--norc',
      '-c',
    ])
    assert.deepEqual(guest.argv.slice(9), ['dvm', 'receive-file', path, '-x', '4', '751'])
    assert.equal(guest.stdin, 'four')
  }
  assert.equal(fake.journal().filter(({ guest }) => guest !== undefined).length, 3)
})

for (const ssh of [true, false])
  test(`a file there and back, with its permissions (${ssh ? 'ssh' : 'limactl shell'})`, onGnu, async (t) => {
    const { cp, guest, host, leftovers, fake } = copying(t, ssh)
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, at) => (at * 7) % 256))
    const name = `a 'b' "c"\n$(touch hacked) %s * C:x ü\n`
    writeFileSync(join(host, name), bytes, { mode: 0o750 })
    assert.deepEqual(await cp([join(host, name), `app:${guest}`]), { ...quiet, stderr: 'starting app\n' })
    assert.equal(fake.instance('dvm-app')?.status, 'Running')
    assert.ok(readFileSync(join(guest, name)).equals(bytes))
    assert.equal(statSync(join(guest, name)).mode & 0o7777, 0o750)
    writeFileSync(join(host, 'there'), 'old', { mode: 0o600 })
    assert.deepEqual(await cp([`app:${guest}/${name}`, join(host, 'there')]), quiet)
    assert.ok(readFileSync(join(host, 'there')).equals(bytes))
    assert.equal(statSync(join(host, 'there')).mode & 0o7777, 0o750)
    assert.deepEqual([readdirSync(host).length, readdirSync(guest).length, leftovers()], [2, 1, []])
  })

test('a copy into a directory keeps the name, however the directory is written', onGnu, async (t) => {
  const { cp, guest, host, home } = copying(t)
  writeFileSync(join(guest, 'x'), 'x')
  for (const to of ['host', 'host/', './host/.', `${host}//`]) {
    assert.deepEqual({ ...(await cp([`app:${guest}/../guest/x`, to])), stderr: '' }, quiet)
    assert.equal(readFileSync(join(host, 'x'), 'utf8'), 'x')
    rmSync(join(host, 'x'))
  }
  assert.deepEqual(await cp([`app:${guest}/x`, './a:b']), quiet)
  assert.equal(readFileSync(join(home, 'a:b'), 'utf8'), 'x')
  symlinkSync('nowhere', join(home, 'link'))
  assert.deepEqual(await cp([`app:${guest}/x`, 'link']), quiet)
  assert.deepEqual(
    [readFileSync(join(home, 'link'), 'utf8'), existsSync(join(home, 'nowhere'))],
    ['x', false],
  )
  // Sizes that are not said, and files that are empty.
  writeFileSync(join(guest, 'empty'), '')
  for (const path of [join(guest, 'empty'), '/proc/version']) {
    assert.deepEqual(await cp([`app:${path}`, 'same']), quiet)
    assert.equal(readFileSync(join(home, 'same'), 'utf8'), readFileSync(path, 'utf8'))
  }
})

test('a directory there and back, any names in it, links as links', onGnu, async (t) => {
  const { cp, guest, host, leftovers } = copying(t)
  mkdirSync(join(host, 'tree/closed'), { recursive: true })
  for (const name of hostileNames) writeFileSync(join(host, 'tree', name), name)
  writeFileSync(join(host, 'tree/closed/f'), 'f', { mode: 0o640 })
  symlinkSync('../../../..', join(host, 'tree/closed/out'))
  chmodSync(join(host, 'tree/closed'), 0o550)
  const check = (path: string): void => {
    assert.deepEqual(readdirSync(path).toSorted(), [...hostileNames, 'closed'].toSorted())
    for (const name of hostileNames) assert.equal(readFileSync(join(path, name), 'utf8'), name)
    const modes = ['closed', 'closed/f'].map((name) => statSync(join(path, name)).mode & 0o7777)
    assert.deepEqual(modes, [0o550, 0o640])
    chmodSync(join(path, 'closed'), 0o700)
  }
  assert.deepEqual({ ...(await cp(['-r', join(host, 'tree'), `app:${guest}/`])), stderr: '' }, quiet)
  chmodSync(join(host, 'tree/closed'), 0o700)
  check(join(guest, 'tree'))
  chmodSync(join(guest, 'tree/closed'), 0o550)
  assert.deepEqual(await cp(['-r', `app:${guest}/tree`, join(host, 'back')]), quiet)
  chmodSync(join(guest, 'tree/closed'), 0o700)
  check(join(host, 'back'))
  // Again: what is there stays beside what comes.
  writeFileSync(join(host, 'back/mine'), 'mine')
  writeFileSync(join(guest, 'tree/a:b'), 'newer')
  rmSync(join(host, 'back/closed/out'))
  assert.deepEqual(await cp(['-r', `app:${guest}/tree/`, `${host}/back/../back`]), quiet)
  assert.ok(existsSync(join(host, 'back/tree/a:b')))
  assert.deepEqual(await cp(['--recursive', `app:${guest}/tree/a:b`, join(host, 'back/tree/a:b')]), quiet)
  assert.equal(readFileSync(join(host, 'back/tree/a:b'), 'utf8'), 'newer')
  assert.deepEqual([existsSync(join(host, 'back/mine')), leftovers()], [true, []])
})

test('a file copied with -r is a file, whatever is there', onGnu, async (t) => {
  const { cp, guest, host, leftovers } = copying(t)
  writeFileSync(join(guest, 'f'), 'new')
  writeFileSync(join(host, 'g'), 'old')
  for (const to of ['new', 'g']) {
    assert.deepEqual({ ...(await cp(['-r', `app:${guest}/f`, join(host, to)])), stderr: '' }, quiet)
    assert.equal(readFileSync(join(host, to), 'utf8'), 'new')
  }
  assert.deepEqual(await cp(['-r', `app:${guest}`, join(host, 'g')]), {
    ...quiet,
    exitCode: 1,
    stderr: `dvm: app:${guest} is a directory, and ~/host/g here is a file\n  try: dvm cp -r app:${guest} ${host}/g-copy\n`,
  })
  assert.deepEqual(leftovers(), [])
})

test('what the guest refuses is said with its VM, and with what to type', onGnu, async (t) => {
  const { cp, guest, host, leftovers } = copying(t)
  mkdirSync(join(guest, 'dir'))
  mkdirSync(join(guest, 'sub/dir/dir'), { recursive: true })
  writeFileSync(join(guest, 'it'), '')
  const file = join(host, 'dir')
  writeFileSync(file, 'x')
  await cp([file, `app:${guest}/first`])
  for (const [args, exitCode, stderr] of [
    [
      [`app:${guest}/no ne`, host],
      5,
      `app:${guest}/no ne does not exist\n  try: dvm ssh app -- ls -la ${guest}`,
    ],
    [
      [`app:${guest}/dir`, host],
      2,
      `app:${guest}/dir is a directory\n  try: dvm cp -r app:${guest}/dir ${host}`,
    ],
    [
      ['app:/dev/null', join(host, 'x')],
      1,
      'app:/dev/null is neither a file nor a directory\n  try: dvm ssh app -- ls -la /dev/null',
    ],
    [
      [file, `app:${guest}/none/`],
      5,
      `app:${guest}/none/ leads into a directory that does not exist\n  try: dvm ssh app -- mkdir -p ${guest}/none/, then again: dvm cp ${file} app:${guest}/none/`,
    ],
    [
      [file, `app:${guest}`],
      1,
      `a directory is in the place of app:${guest}/dir, and a file does not replace it\n  try: copy to another name, or look first: dvm ssh app -- ls -la ${guest}/dir`,
    ],
    [
      ['-r', host, `app:${guest}/it`],
      1,
      `something else is in the place of app:${guest}/it, and a directory does not replace it\n  try: copy to another name, or look first: dvm ssh app -- ls -la ${guest}/it`,
    ],
  ] as const)
    assert.deepEqual(await cp(args), { ...quiet, exitCode, stderr: `dvm: ${stderr}\n` })
  assert.deepEqual([readFileSync(file, 'utf8'), leftovers()], ['x', []])
})

test(
  'a project: inside its container, relative to its workspace; a stopped container is started',
  onGnu,
  async (t) => {
    const { cp, guest, host, home, write, bin, leftovers, fake } = copying(t)
    write('.config/dvm/vms/app/projects/api/project.sh', `PROJ_WORKDIR=${guest}\n`)
    writeFileSync(join(host, 'f'), 'text')
    assert.deepEqual(await cp([join(host, 'f'), 'app/api:']), {
      exitCode: 5,
      stdout: '',
      stderr:
        'starting app\ndvm: the project has no container yet\n  | Error: no such container dvm-app-api\n  try: dvm sync app/api\n',
    })
    writeFileSync(join(bin, 'container'), 'false\n')
    assert.deepEqual(await cp([join(host, 'f'), 'app/api:']), quiet)
    assert.equal(readFileSync(join(bin, 'container'), 'utf8'), 'true\n')
    mkdirSync(join(guest, 'sub'))
    assert.deepEqual(await cp(['app/api:f', 'app-f']), quiet)
    assert.equal(readFileSync(join(home, 'app-f'), 'utf8'), 'text')
    assert.deepEqual(await cp(['-r', 'app/api:', 'all']), quiet)
    assert.deepEqual(readdirSync(join(home, 'all')).toSorted(), ['f', 'sub'])
    assert.deepEqual(await cp(['-r', 'all', 'app/api:sub']), quiet)
    assert.equal(readFileSync(join(guest, 'sub/all/f'), 'utf8'), 'text')
    assert.equal(
      (await cp(['app/api:none', '.'])).stderr,
      'dvm: app/api:none does not exist\n  try: dvm ssh app/api -- ls -la .\n',
    )
    writeFileSync(join(host, 'g'), '')
    for (const [to, path] of [
      ['dir', 'dir/g'],
      ['-dir', './-dir/g'],
      ['', './g'],
    ] as const) {
      mkdirSync(join(guest, to, 'g'), { recursive: true })
      assert.equal(
        (await cp([join(host, 'g'), `app/api:${to}`])).stderr,
        `dvm: a directory is in the place of app/api:${path}, and a file does not replace it\n  try: copy to another name, or look first: dvm ssh app/api -- ls -la ${path}\n`,
      )
    }
    // A path that project.sh has moved on from is still the container's.
    write('.config/dvm/vms/app/projects/api/project.sh', 'PROJ_WORKDIR=/elsewhere\n')
    writeFileSync(join(bin, 'container-workdir'), guest)
    assert.deepEqual(await cp(['app/api:f', 'own']), quiet)
    assert.equal(readFileSync(join(home, 'own'), 'utf8'), 'text')
    assert.deepEqual(await cp([join(host, 'f'), 'app/api:new']), quiet)
    assert.equal(readFileSync(join(guest, 'new'), 'utf8'), 'text')
    // Only a name that nobody but the container knows is asked for.
    const trips = async (...args: readonly string[]): Promise<number> => {
      const before = fake.journal().length
      assert.deepEqual(await cp(args), quiet)
      return fake
        .journal()
        .slice(before)
        .filter(({ guest: asked }) => asked !== undefined).length
    }
    assert.equal(await trips('app/api:sub/../new', 'one'), 1)
    assert.equal(await trips(join(host, 'f'), 'app/api:'), 1)
    assert.equal(await trips('-r', 'app/api:', host), 2)
    assert.ok(existsSync(join(host, 'guest/new')))
    writeFileSync(join(bin, 'no-bash'), '')
    const without = await cp(['app/api:f', '.'])
    assert.equal(without.exitCode, 4)
    assert.match(without.stderr, /^dvm: app\/api has no bash, which copying takes\n/)
    assert.match(
      (await cp(['app/web:f', '.'])).stderr,
      /^dvm: there is no project "web" in .*\n {2}try: dvm add app\/web\n$/,
    )
    assert.deepEqual(leftovers(), [])
  },
)

test(
  'what is neither file, directory nor link is left out with a warning; a hostile archive is refused',
  onGnu,
  async (t) => {
    const { cp, guest, host, write, leftovers } = copying(t)
    const { execFileSync } = await import('node:child_process')
    for (const side of [host, guest]) {
      mkdirSync(join(side, 'tree'))
      writeFileSync(join(side, 'tree/f'), 'x')
      execFileSync('mkfifo', [join(side, 'tree/pipe')])
    }
    const warned = (where: string): string =>
      `warning: left out, being neither a file, a directory nor a link: ${where}\n`
    assert.deepEqual(await cp(['-r', join(host, 'tree'), `app:${guest}/up`]), {
      ...quiet,
      stderr: `starting app\n${warned(join(host, 'tree/pipe'))}`,
    })
    assert.deepEqual(await cp(['-r', `app:${guest}/tree`, join(host, 'down')]), {
      ...quiet,
      stderr: warned(`app:${guest}/tree/pipe`),
    })
    for (const directory of [join(guest, 'up'), join(host, 'down')])
      assert.deepEqual(readdirSync(directory), ['f'])
    chmodSync(
      write(
        'stubs/tar',
        '#!/bin/sh\ncd /\nexec /usr/bin/tar -c -P -f- --transform "s,^,../../x/," etc/hostname\n',
      ),
      0o700,
    )
    assert.deepEqual(await cp(['-r', `app:${guest}/tree`, join(host, 'evil')]), {
      exitCode: 9,
      stdout: '',
      stderr: `dvm: the archive of app:${guest}/tree is not one to unpack: ../../x/etc/hostname leads out of it\n  try: dvm ssh app -- ls -laR ${guest}/tree\n`,
    })
    assert.deepEqual([readdirSync(host).toSorted(), leftovers()], [['down', 'tree'], []])
  },
)

test('a file that has contents and no size is refused, not copied as an empty one', onGnu, async (t) => {
  const { run, fake } = dvmOnFake(t)
  fake.add({ name: 'dvm-app', status: 'Running' })
  assert.deepEqual(await run(['cp', '/proc/version', 'app:x']), {
    exitCode: 1,
    stdout: '',
    stderr:
      'dvm: /proc/version here does not say how big it is\n  try: cat /proc/version >FILE, and copy that\n',
  })
})
