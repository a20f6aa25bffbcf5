// Builds the ports once, from the environment and the abort signal. Part of the composition root, loaded only when needed.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createSideBySideRunner, createStepRunner, drawsInPlace } from './cli/run-steps.ts'
import { architectureOf } from './core/architecture.ts'
import type { Environment } from './core/environment.ts'
import { createAssets } from './ports/assets.ts'
import { createBashConfig } from './ports/bash-config.ts'
import { createBuilder } from './ports/builder/index.ts'
import { createConsoles } from './ports/console.ts'
import { createContainers } from './ports/containers/index.ts'
import { createContextPort } from './ports/context.ts'
import { createEditors } from './ports/editors.ts'
import { createGuestCopy } from './ports/copy/guest.ts'
import { rememberWork } from './ports/guest-work.ts'
import { createHostCopy } from './ports/copy/host.ts'
import { createHostFiles } from './ports/host-files.ts'
import { createLima } from './ports/lima/index.ts'
import { createLocks } from './ports/locks.ts'
import { createLogs } from './ports/logs.ts'
import { checkOwnership } from './ports/ownership.ts'
import { createNetwork } from './ports/network.ts'
import { createPinsFile } from './ports/pins-file.ts'
import { createRegistry } from './ports/registry/index.ts'
import { createScaffold } from './ports/scaffold.ts'
import { createStateStore } from './ports/state.ts'
import { createBaseStore } from './ports/store/index.ts'
import { createUserSshConfig } from './ports/user-ssh-config.ts'
import { account } from './system/account.ts'
import { createExec, type Begun } from './system/exec.ts'
import { totalMemory } from './system/memory.ts'
import type { Deps, Report } from './tasks/deps.ts'

export interface Composition {
  readonly env: Environment
  /** The environment as it is, for child processes. */
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /** Runs already. */
  readonly begun?: Begun | undefined
  readonly reporter: Report
  readonly version: string
  /** What was typed, for the name on a lock. */
  readonly command: string
  /** Loads a library that would handle signals itself, without that. */
  readonly withoutItsSignals?: <T>(load: () => Promise<T>) => Promise<T>
}

export const compose = (composition: Composition): Deps => {
  const { env, variables, signal, reporter, version, command } = composition
  const kvmCacheFile = join(env.cacheDir, 'kvm')
  const limaOf = (exec: ReturnType<typeof createExec>) =>
    createLima({
      exec,
      limactl: env.limactl,
      logLevel: env.limaLogLevel,
      variables,
      warn: (line) => reporter.warn(line),
      kvmCacheFile,
    })
  const exec = createExec(signal, composition.begun)
  const lima = rememberWork(limaOf(exec), env.stateDir)
  const { caBundle, registryMirrors } = env
  const network = createNetwork({ variables, caBundle, registryMirrors })
  const assets = createAssets()
  // Taking things back must work after Ctrl-C, when everything else is aborted.
  const undoLima = limaOf(createExec(new AbortController().signal))
  const live = drawsInPlace(process.stdout, process.stderr, env)
  return {
    env,
    version,
    signal,
    report: reporter,
    host: {
      arch: architectureOf(process.arch),
      cpus: availableParallelism(),
      memory: totalMemory(),
      user: account().name,
    },
    runSteps: createStepRunner(process.stderr, live, signal),
    runSideBySide: createSideBySideRunner(process.stderr, live, signal),
    checkOwnership,
    assets,
    apart: (until, report) => compose({ ...composition, signal: until, reporter: report }),
    builder: createBuilder(lima),
    config: createBashConfig({
      exec,
      configDir: env.configDir,
      variables,
      signal,
      warn: (line) => reporter.warn(line),
    }),
    consoles: createConsoles(),
    containers: createContainers(lima, assets),
    context: createContextPort(),
    editors: createEditors(exec, variables),
    // Only one command asks for facts: the others do not load what finds them.
    facts: async () => {
      const { createHostFacts } = await import('./ports/host-facts.ts')
      return createHostFacts({ exec, variables, kvmCacheFile })
    },
    files: createHostFiles(),
    guestCopy: createGuestCopy(lima, assets),
    hostCopy: createHostCopy(),
    lima,
    locks: createLocks(join(env.stateDir, 'locks'), command),
    logs: createLogs(env.stateDir, env.verbose ? (line) => reporter.note(line) : undefined),
    network,
    pinsFile: createPinsFile,
    registry: createRegistry({ variables, home: env.home, signal, exec, version, network }),
    scaffold: createScaffold(),
    state: createStateStore(env.stateDir, (line) => reporter.warn(line), composition.withoutItsSignals),
    store: createBaseStore(env.cacheDir),
    userSshConfig: createUserSshConfig(env.home),
    // Only one command watches: the others do not load the library for it.
    watcher: async () => (await import('./ports/watcher.ts')).createWatcher(),
    undo: {
      lima: undoLima,
      builder: createBuilder(undoLima),
      containers: createContainers(undoLima, assets),
    },
  }
}
