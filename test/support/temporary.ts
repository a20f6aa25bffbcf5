// A private directory for one test, gone after it.
import { chmodSync, mkdtempSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

export const temporaryDirectory = (t: TestContext): string => {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'dvm-test-')))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Writes a file with the directories above it, all private whatever the umask is. */
export const writePrivate = (path: string, text: string): string => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

/** Writes one that can be run. */
export const writeProgram = (path: string, text: string): string => {
  writePrivate(path, text)
  chmodSync(path, 0o700)
  return path
}
