// `dvm watch` on a world in memory: files are saved and Lima is held up by the test, and what is told is waited for.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { watchLines } from '../../src/cli/watch-lines.ts'
import { Interrupted } from '../../src/core/errors.ts'
import { watchFiles } from '../../src/tasks/watch.ts'
import { createMemoryTimer, type MemoryTimer } from './memory-watcher.ts'
import type { World } from './memory-world.ts'

export interface Watching {
  readonly timer: MemoryTimer
  /** What was told since the last look, without times and without what differs from run to run. */
  told(): readonly string[]
  /** Resolves when so many more lines have been told; hands them over. */
  lines(count: number): Promise<readonly string[]>
  /** Writes files below the configuration directory, all in one save. */
  save(files: Readonly<Record<string, string>>): void
  /** Ends the watch as Ctrl-C does; checks that it ended so. */
  end(): Promise<void>
  /** What the watch ended with. */
  readonly over: Promise<unknown>
}

const timeless = (line: string): string =>
  line
    .replace(/^\d\d:\d\d:\d\d /, '')
    .replace(/ \(\d+\.\d s\)$/, '')
    .replaceAll(/base [0-9a-f]{12}/g, 'base HASH')
    .replaceAll(/pid \d+, since [^)]*/g, 'pid N')

/** Begins to watch; the lines of the beginning are already taken. */
export const watching = async (
  t: TestContext,
  world: World,
  { vm, bootTest = false }: { readonly vm?: string; readonly bootTest?: boolean } = {},
): Promise<Watching> => {
  const timer = createMemoryTimer()
  const told: string[] = []
  let news = Promise.withResolvers<void>()
  const over = watchFiles(world.deps, {
    vm,
    bootTest,
    timer,
    tell: (story) => {
      told.push(...watchLines(story, new Date(), world.home).map(timeless))
      news.resolve()
    },
  }).then(
    () => new Error('it ended by itself'),
    (error: unknown) => error,
  )
  // Nothing goes on after its test.
  t.after(async () => {
    world.interrupt()
    await over
  })
  const lines = async (count: number): Promise<readonly string[]> => {
    while (told.length < count) {
      const ended = await Promise.race([news.promise, over])
      assert.ok(ended === undefined, `it ended: ${String(ended)}; told: ${told.join('\n')}`)
      news = Promise.withResolvers()
    }
    return told.splice(0)
  }
  await lines(1)
  return {
    timer,
    over,
    told: () => told.splice(0),
    lines,
    save: (files) => {
      const paths = Object.entries(files).map(([path, text]) => world.write(join('.config/dvm', path), text))
      world.watcher.touch(...paths)
      timer.run()
    },
    end: async () => {
      world.interrupt()
      assert.ok((await over) instanceof Interrupted)
    },
  }
}
