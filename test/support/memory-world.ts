// Everything that tasks use, for one test: Lima and the builder in memory, the other ports real, on a temporary home.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createSideBySideRunner, createStepRunner } from '../../src/cli/run-steps.ts'
import { parseEnvironment } from '../../src/core/environment.ts'
import { Interrupted } from '../../src/core/errors.ts'
import { createAssets } from '../../src/ports/assets.ts'
import { createBashConfig } from '../../src/ports/bash-config.ts'
import { createContainers } from '../../src/ports/containers/index.ts'
import { createContextPort } from '../../src/ports/context.ts'
import { rememberWork } from '../../src/ports/guest-work.ts'
import { createHostFacts } from '../../src/ports/host-facts.ts'
import { createGuestCopy } from '../../src/ports/copy/guest.ts'
import { createHostCopy } from '../../src/ports/copy/host.ts'
import { createHostFiles } from '../../src/ports/host-files.ts'
import { createLocks } from '../../src/ports/locks.ts'
import { createLogs } from '../../src/ports/logs.ts'
import { checkOwnership } from '../../src/ports/ownership.ts'
import { createNetwork } from '../../src/ports/network.ts'
import { createPinsFile } from '../../src/ports/pins-file.ts'
import { createScaffold } from '../../src/ports/scaffold.ts'
import { createStateStore } from '../../src/ports/state.ts'
import { createBaseStore } from '../../src/ports/store/index.ts'
import { createUserSshConfig } from '../../src/ports/user-ssh-config.ts'
import { createExec } from '../../src/system/exec.ts'
import type { Deps } from '../../src/tasks/deps.ts'
import { healthyFacts } from './healthy-facts.ts'
import { createMemoryBuilder, healthyDisk, type MemoryDisk } from './memory-builder.ts'
import { createMemory, createMemoryLima, until, type Memory } from './memory-lima.ts'
import { createMemoryWatcher, type MemoryWatcher } from './memory-watcher.ts'
import { temporaryDirectory, writePrivate } from './temporary.ts'

export interface World {
  readonly home: string
  readonly base: string
  readonly deps: Deps
  readonly memory: Memory
  readonly disk: MemoryDisk
  readonly watcher: MemoryWatcher
  /** Notes, warnings and the plain lines of steps. */
  readonly story: string[]
  /** The console of every VM. */
  readonly console: string[]
  /** As Ctrl-C. */
  interrupt(): void
  /** Writes a private file below the home. */
  write(path: string, text: string): string
  /** Forgets calls and story so far; returns the calls. */
  reset(): readonly string[]
  /** Unfinished generations on the host. */
  leftovers(): readonly string[]
}

const registryOfNone = (): Promise<never> =>
  Promise.reject(new Error('no task of these tests asks a registry'))

export const bootReport =
  'root_bytes=14000000000\nfailed_units=\nzram_swap=yes\ncloud_init=done\nsystem_state=running\n'

export const memoryWorld = (
  t: TestContext,
  variables: Readonly<Record<string, string>> = {},
  override: (deps: Deps) => Partial<Deps> = () => ({}),
): World => {
  const home = temporaryDirectory(t)
  const env = parseEnvironment({ HOME: home, DVM_FLAVOUR: 'debian', ...variables }, home)
  const abort = new AbortController()
  const memory = createMemory(abort.signal)
  memory.run = () => ({ stdout: bootReport })
  const disk = healthyDisk()
  const watcher = createMemoryWatcher()
  const story: string[] = []
  const console: string[] = []
  const note = (line: string): void => void story.push(line.trimEnd().replace(/ \(\d+\.\d s\)$/, ''))
  const exec = createExec(abort.signal)
  const lima = rememberWork(createMemoryLima(memory), env.stateDir)
  const undoLima = createMemoryLima(memory, true)
  const assets = createAssets()
  const deps: Deps = {
    env,
    version: '1.2.3',
    signal: abort.signal,
    report: { note, warn: (line) => note(`warning: ${line}`) },
    host: { arch: 'x86_64', cpus: 8, user: 'tester', memory: 64 * 1024 ** 3 },
    runSteps: createStepRunner({ write: note } as unknown as NodeJS.WriteStream, false, abort.signal),
    runSideBySide: createSideBySideRunner(
      { write: note } as unknown as NodeJS.WriteStream,
      false,
      abort.signal,
    ),
    checkOwnership,
    assets,
    apart: (signal, report) => {
      const own = until(memory, signal)
      const stopped = {
        lima: rememberWork(createMemoryLima(own), env.stateDir),
        builder: createMemoryBuilder(own, disk),
      }
      return { ...all, ...stopped, ...changed, signal, report }
    },
    builder: createMemoryBuilder(memory, disk),
    config: createBashConfig({
      exec,
      configDir: env.configDir,
      variables: { HOME: home, PATH: process.env['PATH'] },
      signal: abort.signal,
      warn: note,
    }),
    consoles: {
      size: () => Promise.resolve({}),
      tail: (_, lines) => Promise.resolve(console.slice(-lines)),
    },
    containers: createContainers(lima, assets),
    context: createContextPort(),
    editors: { find: () => Promise.resolve(undefined), open: () => Promise.resolve(0) },
    facts: () =>
      Promise.resolve(healthyFacts(createHostFacts({ exec, variables, kvmCacheFile: join(home, 'kvm') }))),
    files: createHostFiles(),
    guestCopy: createGuestCopy(lima, assets),
    hostCopy: createHostCopy(),
    lima,
    locks: createLocks(join(env.stateDir, 'locks'), 'dvm test'),
    logs: createLogs(env.stateDir),
    network: createNetwork({ variables, caBundle: env.caBundle, registryMirrors: env.registryMirrors }),
    pinsFile: createPinsFile,
    registry: {
      resolve: registryOfNone,
      manifest: registryOfNone,
      blob: registryOfNone,
      close: () => Promise.resolve(),
    },
    scaffold: createScaffold(),
    state: createStateStore(env.stateDir, note),
    store: createBaseStore(env.cacheDir),
    userSshConfig: createUserSshConfig(home),
    watcher: () => Promise.resolve(watcher.watcher),
    undo: {
      lima: undoLima,
      builder: createMemoryBuilder(memory, disk, true),
      containers: createContainers(undoLima, assets),
    },
  }
  const changed = override(deps)
  const all: Deps = { ...deps, ...changed }
  const generations = join(env.cacheDir, 'base/generations')
  return {
    home,
    base: env.baseDir,
    deps: all,
    memory,
    disk,
    watcher,
    story,
    console,
    interrupt: () => abort.abort(new Interrupted('SIGINT')),
    write: (path, text) => writePrivate(join(home, path), text),
    reset: () => {
      story.length = 0
      return memory.calls.splice(0)
    },
    leftovers: () =>
      existsSync(generations) ? readdirSync(generations).filter((name) => name.startsWith('.')) : [],
  }
}
