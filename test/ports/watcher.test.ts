// The watcher on a real directory. Nothing here waits for time to pass: each change is waited for until it is told. Whoever writes twice
// at once writes another length: chokidar tells a file once in 50 ms when it looks the same, and nobody acts that fast on a change.
import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { interestIn, type WatchLayout } from '../../src/core/watched-files.ts'
import { createWatcher, lossOf } from '../../src/ports/watcher.ts'
import { hearing } from '../support/hearing.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const watched = async (t: TestContext, prepare: (home: string) => void = () => undefined) => {
  const home = temporaryDirectory(t)
  prepare(home)
  const layout: WatchLayout = {
    baseDir: join(home, 'dvm/base'),
    configDir: join(home, 'dvm'),
    builderInstance: 'dvm-builder',
    vm: undefined,
  }
  const heard = hearing()
  const watching = await createWatcher().watch({
    roots: [dirname(layout.baseDir), layout.configDir],
    interest: (path) => interestIn(layout, path),
    onChange: heard.onChange,
    onLost: (error) => assert.fail(error),
  })
  t.after(() => watching.close())
  const hears = (act: () => void, ...paths: readonly string[]): Promise<void> =>
    heard.after(act, ...paths.map((path) => join(home, path)))
  const put = (path: string, text = path): void => {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), text)
  }
  return {
    home,
    /** What was told since the last act, each path once. */
    told: () => [...new Set(heard.told)].map((path) => path.slice(home.length + 1)),
    /** All that was ever told and that nobody had asked for. */
    unasked: () => [...heard.all].filter((path) => interestIn(layout, path) === 'none'),
    /** Acts, and resolves when these paths were told after that. */
    hears,
    /** A change that follows at once on a new directory may go untold, but not those after it: made until one is told. */
    stillHears: async (path: string): Promise<void> => {
      let length = 0
      const change = (): void => put(path, 'x'.repeat((length += 1)))
      const more = setInterval(change, 100)
      try {
        await hears(change, path)
      } finally {
        clearInterval(more)
      }
    },
    put,
    /** As editors save: under another name first. */
    save: (path: string, text: string): void => {
      writeFileSync(join(home, `${path}.new`), text)
      renameSync(join(home, `${path}.new`), join(home, path))
    },
  }
}

const file = 'dvm/base/Containerfile'

test('a file that is written, saved over, given a mode, moved and removed', async (t) => {
  const { home, hears, put, save } = await watched(t, (home) => {
    mkdirSync(join(home, 'dvm/base'), { recursive: true })
    writeFileSync(join(home, 'dvm/base/run'), '')
  })
  const path = join(home, file)
  await hears(() => put(file), file)
  await hears(() => put(file, 'more'), file)
  await hears(() => save(file, 'saved'), file)
  await hears(() => save(file, 'again'), file)
  await hears(() => chmodSync(join(home, 'dvm/base/run'), 0o755), 'dvm/base/run')
  // With a backup, as vim may save: the old one is moved away first.
  await hears(() => {
    renameSync(path, `${path}~`)
    put(file, 'new')
  }, file)
  await hears(() => renameSync(path, join(home, 'dvm/base/other')), file, 'dvm/base/other')
  await hears(() => unlinkSync(join(home, 'dvm/base/other')), 'dvm/base/other')
  await hears(() => put('dvm/base/new/deep/x'), 'dvm/base/new/deep/x')
  await hears(() => put('dvm/base/new/deep/x', 'y'), 'dvm/base/new/deep/x')
})

test('what does not exist yet is waited for, from far above', async (t) => {
  const { hears, put, home } = await watched(t)
  assert.ok(!existsSync(join(home, 'dvm')))
  await hears(() => put('dvm/vms/app/setup.sh'), 'dvm/vms/app/setup.sh')
  await hears(() => put('dvm/config.sh'), 'dvm/config.sh')
  await hears(() => put(file), file)
  await hears(() => put('dvm/vms/app/projects/api/project.sh'), 'dvm/vms/app/projects/api/project.sh')
})

for (const gone of ['dvm/base', 'dvm']) {
  const begin = async (t: TestContext): Promise<Awaited<ReturnType<typeof watched>>> => {
    const watch = await watched(t)
    await watch.hears(() => watch.put(file), file)
    return watch
  }
  test(`${gone}, removed and made again, stays watched`, async (t) => {
    const { home, hears, stillHears, put } = await begin(t)
    await hears(() => rmSync(join(home, gone), { recursive: true }), file)
    await hears(() => put(file, 'again'), file)
    await stillHears(file)
  })

  test(`${gone}, removed and made again at once, stays watched`, async (t) => {
    const { home, hears, stillHears, put } = await begin(t)
    await hears(() => {
      rmSync(join(home, gone), { recursive: true })
      put(file, 'at once')
    }, file)
    await stillHears(file)
  })
}

test('a base directory that is swapped for another is told with all that is in that one, and stays watched', async (t) => {
  const { home, hears, stillHears, put } = await watched(t, (home) => {
    for (const path of ['dvm/base', 'new/sub']) mkdirSync(join(home, path), { recursive: true })
    for (const path of [file, 'new/Containerfile', 'new/sub/x']) writeFileSync(join(home, path), path)
  })
  await hears(() => put(file, 'watched'), file)
  await hears(
    () => {
      renameSync(join(home, 'dvm/base'), join(home, 'old'))
      renameSync(join(home, 'new'), join(home, 'dvm/base'))
    },
    file,
    'dvm/base/sub/x',
  )
  await stillHears(file)
  await stillHears('dvm/base/sub/x')
})

const odd = [
  'a b',
  '[x]*?{a,b}',
  'line\nbreak',
  '-rf',
  '__proto__',
  'constructor',
  'grüße 日本',
  `"q' $(touch x)`,
  '!not',
  '.hidden',
  '\u202Eback',
  '#',
  'a\\b',
  'x'.repeat(250),
]
test('odd names are told as they are', async (t) => {
  const { hears, put } = await watched(t)
  for (const name of odd) {
    await hears(() => put(`dvm/base/${name}`), `dvm/base/${name}`)
    await hears(() => put(`dvm/base/${name}`, 'changed'), `dvm/base/${name}`)
    await hears(() => put(`dvm/base/in/${name}/x`), `dvm/base/in/${name}/x`)
  }
})

test('nothing is told of what nobody asked for', async (t) => {
  const { hears, put, unasked } = await watched(t)
  await hears(() => {
    for (const path of [
      'base/.git/index',
      'base/.x.swp',
      'base/4913',
      'base/x~',
      'base/.#x',
      'other/x',
      'vms/app/notes',
    ])
      put(`dvm/${path}`)
    put('elsewhere/x')
    put(file)
  }, file)
  await hears(() => put(file, 'again'), file)
  assert.deepEqual(unasked(), [])
})

test('links: followed to what a VM is made from and to the base, not into directories that are only linked to', async (t) => {
  const { hears, put, save, home, told, unasked } = await watched(t, (home) => {
    for (const path of ['dot/base/sub', 'dot/app/projects/api', 'dvm/vms/web', 'big/deep'])
      mkdirSync(join(home, path), { recursive: true })
    for (const path of ['dot/c', 'dot/app/setup.sh', 'big/deep/x']) writeFileSync(join(home, path), '')
    for (const [target, path] of [
      ['dot/c', 'dvm/config.sh'],
      ['dot/base', 'dvm/base'],
      ['dot/app', 'dvm/vms/app'],
      ['dot/app/setup.sh', 'dvm/vms/web/setup.sh'],
      ['big', 'dot/base/sub/big'],
      ['big', 'dot/app/projects/api/big'],
      ['dot', 'dot/base/loop'],
    ] as const)
      symlinkSync(join(home, target), join(home, path))
    symlinkSync('self', join(home, 'dot/base/self'))
    symlinkSync('nowhere', join(home, 'dot/base/dangling'))
  })
  // Linked anew between, because of a linked file only the first of two changes within 50 ms is told.
  for (const act of [put, save, put]) {
    await hears(() => act('dot/c', act.name), 'dvm/config.sh')
    await hears(() => unlinkSync(join(home, 'dvm/config.sh')), 'dvm/config.sh')
    await hears(() => symlinkSync('../dot/c', join(home, 'dvm/config.sh')), 'dvm/config.sh')
  }
  await hears(() => save('dot/app/setup.sh', 'saved'), 'dvm/vms/app/setup.sh', 'dvm/vms/web/setup.sh')
  await hears(() => {
    put('big/deep/x', 'changed')
    put('big/y')
    put('dot/base/Containerfile')
  }, file)
  await hears(() => put('dot/base/Containerfile', 'again'), file)
  assert.deepEqual(unasked(), [])
  assert.deepEqual(told(), [file])
  await hears(() => {
    unlinkSync(join(home, 'dvm/base'))
    mkdirSync(join(home, 'dvm/base'))
    put(file, 'a directory now')
  }, file)
  await hears(() => put(file, 'and it is watched'), file)
})

test('a system that watches no more is told with what to do; a path that cannot be read is not', () => {
  const errno = (code: string): Error => Object.assign(new Error(`${code}: no`), { code, syscall: 'watch' })
  assert.match(lossOf(errno('ENOSPC'))?.hint ?? '', /max_user_watches/)
  assert.match(lossOf(errno('EMFILE'))?.hint ?? '', /ulimit -n/)
  for (const code of ['ELOOP', 'EACCES', 'ENOENT', 'ENAMETOOLONG'])
    assert.equal(lossOf(errno(code)), undefined)
})
