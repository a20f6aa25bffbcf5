// A registry client for tests: short waits, and an environment that holds only what the test put there.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '../../src/ports/registry/client.ts'
import type { HttpLimits } from '../../src/ports/registry/http.ts'
import { defaultHttpLimits } from '../../src/ports/registry/http.ts'
import type { Registry } from '../../src/ports/registry/index.ts'
import type { Exec } from '../../src/system/exec.ts'
import { createExec } from '../../src/system/exec.ts'

export interface Given {
  readonly signal?: AbortSignal
  readonly limits?: Partial<HttpLimits>
  readonly retries?: number
  readonly variables?: Record<string, string>
  readonly exec?: Exec
  /** The content of the auth file; or a host for which user:pass is stored. */
  readonly authFile?: unknown
  readonly password?: string
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64')

export const clientFor = (given: Given = {}): Registry & AsyncDisposable => {
  const home = mkdtempSync(join(tmpdir(), 'dvm-registry-'))
  using undo = new DisposableStack()
  undo.defer(() => rmSync(home, { recursive: true, force: true }))
  const file = join(home, 'auth.json')
  const stored =
    given.password === undefined
      ? given.authFile
      : { auths: { [given.password]: { auth: base64('user:pass') } } }
  if (stored !== undefined) writeFileSync(file, JSON.stringify(stored))
  const signal = given.signal ?? new AbortController().signal
  const client = createClient({
    variables: { REGISTRY_AUTH_FILE: file, ...given.variables },
    home,
    signal,
    exec: given.exec ?? createExec(signal),
    version: '1.2.3',
    limits: { ...defaultHttpLimits, ...given.limits },
    retry: {
      retries: given.retries ?? 3,
      minDelayMs: 5,
      maxDelayMs: 20,
      maxWaitMs: 30_000,
      maxTotalMs: 60_000,
    },
  })
  const made = undo.move()
  return {
    ...client,
    [Symbol.asyncDispose]: async () => {
      await client.close()
      made.dispose()
    },
  }
}
