import assert from 'node:assert/strict'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { createEditors } from '../../src/ports/editors.ts'
import { createExec } from '../../src/system/exec.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

test('finds the first program that is on PATH and can be run', async (t) => {
  const root = temporaryDirectory(t)
  const put = (name: string, mode: number): void =>
    chmodSync(writePrivate(join(root, name), '#!/bin/sh\n'), mode)
  put('a/code', 0o644)
  put('b/zed', 0o755)
  put('b/cursor', 0o755)
  mkdirSync(join(root, 'b/windsurf'))
  const exec = createExec(new AbortController().signal)
  const find = (programs: readonly string[], path: string | undefined): Promise<string | undefined> =>
    createEditors(exec, { PATH: path }).find(programs)
  const path = `${root}/a:${root}/none:${root}/b`
  assert.equal(await find(['code', 'zed', 'cursor'], path), 'zed')
  assert.equal(await find(['cursor', 'zed'], path), 'cursor')
  assert.equal(await find(['code', 'windsurf', 'none'], path), undefined)
  assert.equal(await find(['zed'], ''), undefined)
  assert.equal(await find(['zed'], undefined), undefined)
  assert.equal(await find(['package.json'], ':.:b'), undefined)
})
