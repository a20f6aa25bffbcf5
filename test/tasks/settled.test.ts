// What comes in one go is handed on in one go.
import assert from 'node:assert/strict'
import test from 'node:test'
import { realTimer, settled } from '../../src/tasks/settled.ts'
import { createMemoryTimer } from '../support/memory-watcher.ts'

test('everything is handed on once, each item once, when nothing more comes', () => {
  const timer = createMemoryTimer()
  const handed: (readonly string[])[] = []
  const items = settled(timer, { quietMs: 5, longestMs: 50 }, (all) => handed.push(all))
  for (const item of ['a', 'b', 'a']) {
    items.add(item)
    assert.deepEqual(timer.waiting, [50, 5], 'each one starts the short wait anew')
  }
  assert.deepEqual(handed, [])
  timer.run()
  assert.deepEqual(handed, [['a', 'b']])
  timer.run()
  items.add('a')
  timer.run()
  assert.deepEqual(handed, [['a', 'b'], ['a']])
})

test('what never pauses is handed on all the same, once', () => {
  const timer = createMemoryTimer()
  const handed: (readonly string[])[] = []
  const items = settled(timer, { quietMs: 5, longestMs: 50 }, (all) => handed.push(all))
  items.add('a')
  items.add('b')
  timer.run(50)
  assert.deepEqual(handed, [['a', 'b']])
  assert.deepEqual(timer.waiting, [])
})

test('stopped, it hands on nothing of what came before', () => {
  const timer = createMemoryTimer()
  const handed: (readonly string[])[] = []
  const items = settled(timer, { quietMs: 5, longestMs: 50 }, (all) => handed.push(all))
  items.add('a')
  items.stop()
  assert.deepEqual(timer.waiting, [])
  items.add('b')
  timer.run()
  assert.deepEqual(handed, [['b']])
})

test('the real timer does what it is told later, unless that is called off', async () => {
  const order: string[] = []
  const callOff = realTimer.after(0, () => order.push('never'))
  callOff()
  await new Promise<void>((resolve) => {
    realTimer.after(0, () => {
      order.push('later')
      resolve()
    })
    order.push('now')
  })
  assert.deepEqual(order, ['now', 'later'])
})
