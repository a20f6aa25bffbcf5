// The watcher contract on chokidar with real files, and on the watcher that tests drive by hand.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createWatcher } from '../../src/ports/watcher.ts'
import { createMemoryWatcher } from '../support/memory-watcher.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { watcherContract } from './watcher.contract.ts'

watcherContract('chokidar', (t) => {
  let writes = 0
  return {
    watcher: createWatcher(),
    home: temporaryDirectory(t),
    change: (path) => {
      mkdirSync(dirname(path), { recursive: true })
      // Of another length each time: one that looks the same is told once in 50 ms.
      writeFileSync(path, 'x'.repeat((writes += 1)))
    },
  }
})

watcherContract('memory', () => {
  const memory = createMemoryWatcher()
  return { watcher: memory.watcher, home: '/home', change: (path) => memory.touch(path) }
})
