// dvm as a process whose limactl and ssh are the strict fakes, on a home of its own.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Script } from '../fakes/state.ts'
import type { Outcome } from './dvm.ts'
import { fakeLima, type FakeLima } from './fake-lima.ts'
import { writePrivate } from './temporary.ts'
import { main } from './main.ts'

export interface Run {
  /** Another dvm than all tests run. */
  readonly main?: string
  readonly env?: Readonly<Record<string, string>>
  /** For stdin, which is a pipe then; without it stdin is empty. */
  readonly input?: string
  /** Nobody reads stdout. */
  readonly closed?: boolean
  /** A command that runs dvm: its words come before dvm's. */
  readonly wrap?: readonly string[]
  /** Told dvm's process id, to send signals to. */
  readonly onStart?: (pid: number) => void
  /** Told what dvm writes to stderr, as it comes. */
  readonly onStory?: (text: string) => void
  /** The same of stdout. */
  readonly onResult?: (text: string) => void
}

export interface DvmOnFake {
  readonly fake: FakeLima
  readonly home: string
  readonly run: (args: readonly string[], options?: Run) => Promise<Outcome>
  readonly write: (path: string, text: string) => string
}

/** Step times differ from run to run. */
const timeless = (text: string): string => text.replaceAll(/ \(\d+\.\d s\)$/gm, '')

export const dvmOnFake = (t: TestContext, script: Script = {}): DvmOnFake => {
  const fake = fakeLima(t, script)
  return {
    fake,
    home: fake.root,
    write: (path, text) => writePrivate(join(fake.root, path), text),
    run: (args, { main: file = main, env = {}, input, closed = false, wrap = [], ...told } = {}) =>
      new Promise((done, fail) => {
        const [program = process.execPath, ...words] = [...wrap, process.execPath, file, ...args]
        const child = spawn(program, words, {
          cwd: fake.root,
          // Set, so that no test depends on this machine's KVM.
          env: {
            ...fake.variables,
            QEMU_SYSTEM_X86_64: 'qemu-system-x86_64',
            QEMU_SYSTEM_AARCH64: 'qemu-system-aarch64',
            ...env,
          },
          stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
        })
        if (child.pid !== undefined) told.onStart?.(child.pid)
        const text = { stdout: '', stderr: '' }
        if (closed) child.stdout?.destroy()
        else
          child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
            text.stdout += chunk
            told.onResult?.(chunk)
          })
        child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
          text.stderr += chunk
          told.onStory?.(chunk)
        })
        child.stdin?.end(input)
        // A test that failed on its way leaves nobody waiting; killing one that has ended does nothing.
        t.after(() => child.kill('SIGKILL'))
        child.on('error', fail)
        child.on('close', (exitCode) =>
          done({ exitCode, stdout: text.stdout, stderr: timeless(text.stderr) }),
        )
      }),
  }
}
