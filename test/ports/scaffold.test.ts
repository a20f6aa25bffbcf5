// Files that are written for the first time, and what is said where something stands already.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { quotePath } from '../../src/core/command.ts'
import { createScaffold } from '../../src/ports/scaffold.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

const scaffold = createScaffold()

test('what is there already is not changed, and shown by the command in the hint', async (t) => {
  const home = join(temporaryDirectory(t), "it's here")
  const file = writePrivate(join(home, 'file'), 'own')
  const refusal = {
    code: 'refused',
    message: `${file} exists already; dvm does not change it`,
    hint: `see what it is: ls -ld ${quotePath(file)}`,
  }
  await assert.rejects(scaffold.createFile(file, 'new'), refusal)
  await assert.rejects(scaffold.createDirectory(file, {}), refusal)
})

test('a file in the place of a directory: the hint shows what is there and how much room', async (t) => {
  const home = temporaryDirectory(t)
  writePrivate(join(home, 'file'), '')
  await assert.rejects(scaffold.createFile(join(home, 'file/below/it'), ''), {
    code: 'failed',
    hint: `check the owner, mode and free space there: ls -ld '${home}/file/below'; df -h '${home}/file/below'`,
  })
})
