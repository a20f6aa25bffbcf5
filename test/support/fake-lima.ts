// Sets up a fake Lima for one test: a state folder, a PATH whose first entries are the fakes, and ways to script and inspect it.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Lima, LimaOptions } from '../../src/ports/lima/index.ts'
import { createLima } from '../../src/ports/lima/index.ts'
import { createExec } from '../../src/system/exec.ts'
import { limaSshConfig } from '../fakes/lima-ssh-config.ts'
import type { FakeInstance, JournalEntry, Script } from '../fakes/state.ts'
import { compileCache } from './compile-cache.ts'

export const fakesBin = join(import.meta.dirname, '..', 'fakes', 'bin')

export interface FakeLima {
  /** A folder of this test's own, removed after it. */
  readonly root: string
  readonly state: string
  /** The environment for dvm or a port: nothing of the machine's but node and the system's tools. */
  readonly variables: Readonly<Record<string, string>>
  script(script: Script): void
  /** Puts an instance there, as if it had been made before. */
  add(instance: Partial<FakeInstance> & { readonly name: string }): void
  instance(name: string): FakeInstance | undefined
  journal(): readonly JournalEntry[]
  /** The journal as limactl command lines without the global flags, for example `start --timeout=600s dvm-app`. */
  calls(): readonly string[]
}

interface Cleanup {
  after(hook: () => void): void
}

export const fakeLima = (t: Cleanup, script: Script = {}): FakeLima => {
  const root = mkdtempSync(join(tmpdir(), 'dvm-fake-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const state = join(root, 'state')
  mkdirSync(state, { recursive: true })
  const journalFile = join(state, 'journal.jsonl')
  const instanceFile = (name: string): string => join(state, 'lima', name, 'fake.json')
  const fake: FakeLima = {
    root,
    state,
    variables: {
      PATH: `${fakesBin}:${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: root,
      FAKE_STATE: state,
      ...compileCache,
    },
    script: (next) => writeFileSync(join(state, 'script.json'), JSON.stringify(next)),
    add: (instance) => {
      mkdirSync(dirname(instanceFile(instance.name)), { recursive: true })
      const complete: FakeInstance = {
        status: 'Stopped',
        cpus: 2,
        memory: 2,
        disk: 30,
        vmType: 'qemu',
        template: 'template:debian-13',
        portForwards: [],
        ...instance,
      }
      writeFileSync(instanceFile(instance.name), JSON.stringify(complete))
      const directory = dirname(instanceFile(instance.name))
      if (complete.status === 'Running')
        writeFileSync(join(directory, 'ssh.config'), limaSshConfig(complete, directory, dirname(directory)))
    },
    instance: (name) =>
      existsSync(instanceFile(name))
        ? (JSON.parse(readFileSync(instanceFile(name), 'utf8')) as FakeInstance)
        : undefined,
    journal: () =>
      existsSync(journalFile)
        ? readFileSync(journalFile, 'utf8')
            .split('\n')
            // What comes after the last line's end is still being written, or nothing.
            .slice(0, -1)
            .map((line) => JSON.parse(line) as JournalEntry)
        : [],
    calls: () =>
      fake
        .journal()
        .filter(({ program }) => program === 'limactl')
        .map(({ argv }) =>
          argv
            .slice(3)
            .join(' ')
            .replace(/^(list --format) \{.*/, '$1 TEMPLATE'),
        ),
  }
  fake.script(script)
  return fake
}

/** The real port on the fake, with a host that has no say in the matter: not Linux, so KVM is not looked at. */
export const portOn = (
  fake: FakeLima,
  options: Partial<LimaOptions> = {},
): { readonly lima: Lima; readonly warnings: string[] } => {
  const warnings: string[] = []
  const lima = createLima({
    exec: createExec(new AbortController().signal),
    limactl: 'limactl',
    logLevel: 'info',
    variables: fake.variables,
    warn: (line) => warnings.push(line),
    host: { platform: 'test', arch: 'x64' },
    ...options,
  })
  return { lima, warnings }
}
