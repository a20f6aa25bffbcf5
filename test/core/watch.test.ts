// What a watch does when: which change begins, stops or waits for what.
import assert from 'node:assert/strict'
import test from 'node:test'
import { idle, watchStep, type WatchEvent, type WatchState } from '../../src/core/watch.ts'

/** `base! a b`: changed; `base disk`: its disk step begins; `base.`: it ended. */
const eventOf = (text: string): WatchEvent => {
  const [word = '', ...files] = text.split(' ')
  const place = word.replace(/[!.]$/, '')
  if (word.endsWith('!')) return { event: 'changed', place, files }
  return { event: word.endsWith('.') ? 'ended' : 'closed', place }
}

const after = (state: WatchState, text: string): { state: WatchState; told: string } => {
  const { state: next, actions } = watchStep(state, eventOf(text))
  return {
    state: next,
    told: actions.map(({ action, place, files }) => [action, place, ...files].join(' ')).join('; '),
  }
}

const stories: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'a change begins what it is for': [
    ['base! Containerfile', 'begin base Containerfile'],
    ['base.', ''],
    ['app! setup.sh', 'begin app setup.sh'],
    ['app.', ''],
    ['base! motd', 'begin base motd'],
  ],
  'a first look begins with nothing changed': [
    ['base!', 'begin base'],
    ['base! a', 'stop base a'],
    ['base.', 'begin base a'],
  ],
  'a newer change stops a build before its disk, and all that changed is built then': [
    ['base! a', 'begin base a'],
    ['base! b a', 'stop base b a'],
    ['base! c', ''],
    ['base.', 'begin base a b c'],
    ['base! d', 'stop base d'],
    ['base.', 'begin base a b c d'],
    ['base.', ''],
  ],
  'a build that is at its disk is finished, then done again for what changed since': [
    ['base! a', 'begin base a'],
    ['base disk', ''],
    ['base! b', 'later base b'],
    ['base! b c', 'later base b c'],
    ['base.', 'begin base b c'],
    ['base! d', 'stop base d'],
  ],
  'one that was told to stop stops, also when it comes to its disk before it hears': [
    ['base! a', 'begin base a'],
    ['base! b', 'stop base b'],
    ['base disk', ''],
    ['base! c', ''],
    ['base.', 'begin base a b c'],
  ],
  'a sync is never stopped': [
    ['app! a', 'begin app a'],
    ['app! b', 'later app b'],
    ['app.', 'begin app b'],
    ['app.', ''],
  ],
  'places do not wait for each other': [
    ['base! a', 'begin base a'],
    ['app! s', 'begin app s'],
    ['web! s', 'begin web s'],
    ['app! t', 'later app t'],
    ['web.', ''],
    ['base! b', 'stop base b'],
    ['app.', 'begin app t'],
    ['base.', 'begin base a b'],
  ],
  'what nobody does ends and closes without a word': [
    ['base.', ''],
    ['base disk', ''],
    ['base! a', 'begin base a'],
  ],
}

for (const [name, story] of Object.entries(stories))
  test(name, () => {
    let state = idle
    for (const [event, wanted] of story) {
      const step = after(state, event)
      assert.equal(step.told, wanted, event)
      state = step.state
    }
  })

test('a state is never changed, only followed by another', () => {
  const { state } = after(idle, 'base! a')
  const before = JSON.stringify([...state])
  for (const event of ['base! b', 'base disk', 'base.', 'app! c']) after(state, event)
  assert.equal(JSON.stringify([...state]), before)
  assert.equal(idle.size, 0)
})
