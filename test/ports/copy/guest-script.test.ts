// templates/guest/copy.sh, run by bash on this host: where things go, what is refused, what is left behind.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { below } from '../../support/below.ts'
import { onGnu } from '../../support/gnu.ts'
import { hostileNames } from '../../support/hostile-names.ts'
import { temporaryDirectory } from '../../support/temporary.ts'

const script = readFileSync(join(import.meta.dirname, '../../../templates/guest/copy.sh'), 'utf8')

interface Said {
  readonly exitCode: number | null
  /** The script's own lines. */
  readonly told: readonly string[]
  readonly stdout: Buffer
  readonly stderr: string
}

const setUp = (t: TestContext) => {
  const root = temporaryDirectory(t)
  const run = (values: readonly string[], input: Uint8Array | string = '', umask = '022'): Said => {
    const shell = `umask ${umask}; exec bash --norc -c "$@"`
    const result = spawnSync('bash', ['--norc', '-c', shell, 'dvm', script, 'dvm', ...values], {
      cwd: root,
      input,
      env: { PATH: process.env['PATH'] },
    })
    const stderr = result.stderr.toString()
    const told = stderr.split('\n').flatMap((line) => (line.startsWith('::dvm ') ? [line.slice(6)] : []))
    return { exitCode: result.status, told, stdout: result.stdout, stderr }
  }
  return {
    root,
    run,
    receive: (path: string, name: string, text: string, mode = '644', umask = '022') =>
      run(['receive-file', path, name, String(Buffer.byteLength(text)), mode], text, umask),
    leftovers: () => below(root).filter((path) => path.includes('.dvm-cp')),
  }
}

test('a file becomes what its path says: a new name, or its own name in a directory', onGnu, (t) => {
  const { root, receive } = setUp(t)
  mkdirSync(join(root, 'dir'))
  symlinkSync('dir', join(root, 'link'))
  for (const [path, lands] of [
    ['new', 'new'],
    ['dir', 'dir/name'],
    ['dir/', 'dir/name'],
    ['dir/.', 'dir/name'],
    ['dir/other', 'dir/other'],
    ['link', 'dir/name'],
    ['link/third', 'dir/third'],
  ] as const) {
    const said = receive(join(root) + '/' + path, 'name', `for ${path}`)
    assert.deepEqual([said.exitCode, said.stderr], [0, ''], path)
    assert.equal(readFileSync(join(root, lands), 'utf8'), `for ${path}`)
  }
})

test('any name arrives and leaves as it is', onGnu, (t) => {
  const { root, run, receive, leftovers } = setUp(t)
  mkdirSync(join(root, 'dir'))
  for (const name of hostileNames) {
    for (const path of [`${root}/dir/`, `${root}/dir/${name}`])
      assert.deepEqual([receive(path, name, name).stderr, path], ['', path])
    const sent = run(['send-file', `${root}/dir/${name}`])
    assert.deepEqual([sent.exitCode, sent.stdout.toString()], [0, name])
    assert.equal(sent.told[0], `file ${Buffer.byteLength(name)} 644`)
  }
  assert.deepEqual(readdirSync(join(root, 'dir')).toSorted(), hostileNames.toSorted())
  assert.deepEqual([existsSync(join(root, 'hacked')), leftovers()], [false, []])
})

test('permissions are the source’s without the umask, and never more than that', onGnu, (t) => {
  const { root, receive } = setUp(t)
  const got = (mode: string, umask: string): string => {
    assert.equal(receive(`${root}/file`, '', 'x', mode, umask).stderr, '')
    return (statSync(join(root, 'file')).mode & 0o7777).toString(8)
  }
  assert.equal(got('755', '022'), '755')
  assert.equal(got('666', '022'), '644')
  assert.equal(got('777', '077'), '700')
  assert.equal(got('400', '022'), '400')
  assert.equal(got('4755', '022'), '755')
})

test('what is in the way: a file is replaced, a link too, all else is refused', onGnu, (t) => {
  const { root, receive, run, leftovers } = setUp(t)
  writeFileSync(join(root, 'file'), 'old')
  writeFileSync(join(root, 'elsewhere'), 'old')
  symlinkSync('elsewhere', join(root, 'link'))
  symlinkSync('nowhere', join(root, 'dangling'))
  mkdirSync(join(root, 'dir/taken'), { recursive: true })
  for (const name of ['file', 'link', 'dangling']) {
    assert.equal(receive(`${root}/${name}`, '', 'new').stderr, '')
    assert.equal(readFileSync(join(root, name), 'utf8'), 'new')
    assert.ok(lstatSync(join(root, name)).isFile())
  }
  assert.equal(readFileSync(join(root, 'elsewhere'), 'utf8'), 'old')
  assert.equal(existsSync(join(root, 'nowhere')), false)
  for (const [path, name, why] of [
    [`${root}/dir`, 'taken', 'is-directory in'],
    ['/dev/null', '', 'special'],
    [`${root}/none/`, 'x', 'no-directory'],
    [`${root}/none/x`, 'x', 'no-directory'],
    [`${root}/file/x`, 'x', 'no-directory'],
    [`${root}/dir`, '', 'no-name'],
    ['/proc/self', 'x', 'not-writable in'],
  ] as const) {
    const said = receive(path, name, 'new')
    assert.deepEqual([said.exitCode, said.told], [1, [`error ${why}`]], path)
  }
  const tree = run(['receive-tree', `${root}/file`, '', '755'])
  assert.deepEqual(tree.told, ['error not-directory'])
  assert.deepEqual(leftovers(), [])
})

test(
  'too little input is an error, and nothing is there afterwards; more than was said is not taken',
  onGnu,
  (t) => {
    const { root, run, leftovers } = setUp(t)
    writeFileSync(join(root, 'file'), 'old')
    assert.deepEqual(run(['receive-file', `${root}/file`, '', '6', '644'], 'short').told, ['error short'])
    assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'old')
    assert.equal(run(['receive-file', `${root}/file`, '', '5', '644'], 'short and more').exitCode, 0)
    assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'short')
    assert.equal(run(['receive-file', `${root}/empty`, '', '0', '644']).exitCode, 0)
    assert.equal(readFileSync(join(root, 'empty'), 'utf8'), '')
    assert.deepEqual(leftovers(), [])
  },
)

test('what there is to send', onGnu, (t) => {
  const { root, run } = setUp(t)
  mkdirSync(join(root, 'dir'))
  writeFileSync(join(root, 'file'), 'text', { mode: 0o640 })
  symlinkSync('file', join(root, 'link'))
  symlinkSync('nowhere', join(root, 'dangling'))
  for (const [action, path, told] of [
    ['send-file', 'file', 'file 4 640'],
    ['send-file', 'link', 'file 4 640'],
    ['send-file', 'dangling', 'error missing'],
    ['send-file', 'none', 'error missing'],
    ['send-file', 'file/x', 'error missing'],
    ['send-file', 'dir', 'error directory'],
    ['send-tree', 'dir', 'tree'],
    ['send-tree', 'link', 'error file'],
    ['send-tree', 'none', 'error missing'],
  ] as const)
    assert.deepEqual(run([action, `${root}/${path}`]).told, [told], `${action} ${path}`)
  assert.deepEqual(run(['send-file', '/dev/null']).told, ['error special'])
  // Its size is said to be 0.
  const { stdout, stderr } = run(['send-file', '/proc/self/status'])
  assert.match(stderr, new RegExp(`^${stdout.length} bytes`, 'm'))
  assert.match(stdout.toString(), /^Name:/)
})

const archive = (t: TestContext, make: (directory: string) => void): Buffer => {
  const from = temporaryDirectory(t)
  mkdirSync(join(from, 'd'))
  make(join(from, 'd'))
  writeFileSync(join(from, 'end'), '')
  const { stdout } = spawnSync('tar', ['--create', '--file=-', '-C', from, 'd', 'end'])
  // What nobody may write to cannot be tidied up.
  spawnSync('chmod', ['-R', 'u+rwX', from])
  return stdout
}

test(
  'a directory arrives whole or not at all; one that is there is merged, other files in it stay',
  onGnu,
  (t) => {
    const { root, run, leftovers } = setUp(t)
    const bytes = archive(t, (d) => {
      for (const name of hostileNames) writeFileSync(join(d, name), name)
      mkdirSync(join(d, 'closed'))
      writeFileSync(join(d, 'closed/in'), 'in', { mode: 0o400 })
      chmodSync(join(d, 'closed'), 0o555)
      symlinkSync('/etc/passwd', join(d, 'out'))
    })
    // Cut off in a file, and between two of them, where tar itself sees nothing wrong.
    for (const end of [1000, bytes.length - 10_240 + 512]) {
      const cut = run(['receive-tree', `${root}/new`, '', '755'], bytes.subarray(0, end - (end % 512)))
      assert.equal(cut.exitCode, 1)
      assert.deepEqual([existsSync(join(root, 'new')), leftovers()], [false, []])
    }
    assert.deepEqual(run(['receive-tree', `${root}/new`, '', '750'], bytes).stderr, '')
    const there = [...hostileNames, 'closed', 'out'].toSorted()
    assert.deepEqual(readdirSync(join(root, 'new')).toSorted(), there)
    assert.equal(statSync(join(root, 'new')).mode & 0o7777, 0o750)
    assert.equal(statSync(join(root, 'new/closed')).mode & 0o7777, 0o555)
    assert.equal(readlinkSync(join(root, 'new/out')), '/etc/passwd')
    // As root nothing would be closed.
    chmodSync(join(root, 'new/closed'), 0o755)

    writeFileSync(join(root, 'new/mine'), 'mine')
    writeFileSync(join(root, 'new/a:b'), 'old')
    assert.deepEqual(run(['receive-tree', `${root}/`, 'new', '700'], bytes).stderr, '')
    assert.deepEqual(readdirSync(join(root, 'new')).toSorted(), [...there, 'mine'].toSorted())
    assert.equal(readFileSync(join(root, 'new/a:b'), 'utf8'), 'a:b')
    assert.equal(statSync(join(root, 'new')).mode & 0o7777, 0o750)
    assert.deepEqual(leftovers(), [])
  },
)

test('a merge does not follow links out, and does not put a file in a directory’s place', onGnu, (t) => {
  const { root, run, leftovers } = setUp(t)
  const bytes = archive(t, (d) => {
    mkdirSync(join(d, 'sub'))
    writeFileSync(join(d, 'sub/f'), 'new')
    writeFileSync(join(d, '.a'), 'new')
    mkdirSync(join(d, 'deep/er'), { recursive: true })
    writeFileSync(join(d, 'deep/er/.f'), 'new')
  })
  mkdirSync(join(root, 'outside'))
  mkdirSync(join(root, 'new'))
  writeFileSync(join(root, 'new/.a'), 'old')
  symlinkSync('../outside', join(root, 'new/sub'))
  const said = run(['receive-tree', root, 'new', '755'], bytes)
  assert.deepEqual([said.exitCode, said.told], [1, ['error meets in']])
  assert.match(said.stderr, /^in the way: .*\/new\/sub$/m)
  assert.deepEqual([readdirSync(join(root, 'outside')), leftovers()], [[], []])
  const before = (): string => readFileSync(join(root, 'new/.a'), 'utf8')
  assert.equal(before(), 'old', 'nothing is replaced before it is known that all of it fits')
  rmSync(join(root, 'new/sub'))
  mkdirSync(join(root, 'new/deep/er/.f'), { recursive: true })
  const deep = run(['receive-tree', root, 'new', '755'], bytes)
  assert.deepEqual([deep.told, before()], [['error meets in'], 'old'])
  assert.match(deep.stderr, /^in the way: .*\/new\/deep\/er\/\.f$/m)
  rmSync(join(root, 'new/deep/er/.f'), { recursive: true })
  assert.equal(run(['receive-tree', root, 'new', '755'], bytes).exitCode, 0)
  assert.equal(before(), 'new')
})

test(
  'what a killed copy has left is swept by the next one into that directory, not what another writes to',
  onGnu,
  (t) => {
    const { root, receive, leftovers } = setUp(t)
    const dead = spawnSync('true').pid
    mkdirSync(join(root, `.dvm-cp-${dead}-123/d/closed`), { recursive: true })
    chmodSync(join(root, `.dvm-cp-${dead}-123/d/closed`), 0o500)
    writeFileSync(join(root, `.dvm-cp-${dead}-456`), 'half')
    writeFileSync(join(root, `.dvm-cp-${process.pid}-789`), 'in work')
    assert.equal(receive(`${root}/x`, '', 'x').stderr, '')
    assert.deepEqual(leftovers(), [`.dvm-cp-${process.pid}-789`])
  },
)
