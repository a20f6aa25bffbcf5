import assert from 'node:assert/strict'
import { userInfo } from 'node:os'
import test from 'node:test'
import { account } from '../../src/system/account.ts'

test('an account has the name that the user database gives it', () => {
  const { uid, username } = userInfo()
  assert.deepEqual(account(), { uid, name: username, hasName: true })
})

test('one that the user database does not know goes by its number', () => {
  const { uid } = userInfo()
  const found = account(() => {
    throw new Error('ENOENT')
  })
  assert.deepEqual(found, { uid, name: String(uid), hasName: false })
})
