// What every watcher does, the real one and the one that tests of tasks use.
import assert from 'node:assert/strict'
import { join, relative } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { Watcher, Watching } from '../../src/ports/watcher.ts'
import { hearing, type Hearing } from '../support/hearing.ts'

export interface WatcherSubject {
  readonly watcher: Watcher
  /** Where the roots are. */
  readonly home: string
  /** Makes or changes a file, and the directories that it is in. */
  readonly change: (path: string) => void
}

interface Watched {
  readonly heard: Hearing
  readonly watching: Watching
}

export const watcherContract = (name: string, open: (t: TestContext) => WatcherSubject): void => {
  /** Watches `in`, but for what is called `not`. */
  const watch = async (t: TestContext, { watcher, home }: WatcherSubject): Promise<Watched> => {
    const heard = hearing()
    const root = join(home, 'in')
    const watching = await watcher.watch({
      roots: [root],
      interest: (path) => (relative(root, path).split('/').includes('not') ? 'none' : 'direct'),
      onChange: heard.onChange,
      onLost: (error) => assert.fail(error),
    })
    t.after(() => watching.close())
    return { heard, watching }
  }

  test(`${name}: a file is told by its absolute path, each time it changes, however deep it is`, async (t) => {
    const subject = open(t)
    const { heard } = await watch(t, subject)
    for (const path of ['in/a', 'in/b/c/d', 'in/a', 'in/odd\nname', 'in/b/c/d'])
      await heard.after(() => subject.change(join(subject.home, path)), join(subject.home, path))
  })

  test(`${name}: nothing is told of what is of no interest, what is below that, and what is beside the roots`, async (t) => {
    const subject = open(t)
    const { heard } = await watch(t, subject)
    const at = (path: string): string => join(subject.home, path)
    await heard.after(() => {
      for (const path of ['in/not', 'in/b/not/c', 'out', 'inside/a', 'in/b/yes']) subject.change(at(path))
    }, at('in/b/yes'))
    await heard.after(() => subject.change(at('in/b/yes')), at('in/b/yes'))
    const wrong = [...heard.all].filter((path) =>
      /\/not|\/out|\/inside/.test(path.slice(subject.home.length)),
    )
    assert.deepEqual(wrong, [])
  })

  test(`${name}: closed, also twice, it tells nothing more, and another one goes on`, async (t) => {
    const subject = open(t)
    const first = await watch(t, subject)
    const second = await watch(t, subject)
    const path = join(subject.home, 'in/a')
    await first.heard.after(() => subject.change(path), path)
    await first.watching.close()
    await first.watching.close()
    first.heard.told.length = 0
    const other = join(subject.home, 'in/b')
    await second.heard.after(() => subject.change(other), other)
    assert.deepEqual(first.heard.told, [])
  })
}
