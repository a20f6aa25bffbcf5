// `dvm logs`: what the last sync of a VM wrote down, or what a project's container prints.
import { instanceOf } from '../core/names.ts'
import { DvmError } from '../core/errors.ts'
import { parseTarget, targetText } from '../core/target.ts'
import type { Deps } from './deps.ts'
import { findInstance } from './builder-vm.ts'
import { checkConfigured, meant, type Typed } from './known-names.ts'
import { loadVmConfig } from './vm-config.ts'

/**
 * Prints logs as they are, and with `follow` what is added until interrupted; resolves to an exit code.
 * @throws DvmError `not-found` when there is no log, no VM, no configuration of one or no container
 */
export const showLogs = async (
  deps: Deps,
  text: string,
  follow: boolean,
  print: (text: string) => void,
): Promise<number> => {
  const target = parseTarget(text, deps.env.builder.instance)
  const { vm, project } = target
  const typed: Typed = (near) => `dvm logs ${targetText(near)}${follow ? ' -f' : ''}`
  if (project !== undefined) {
    const [instance, config] = await Promise.all([findInstance(deps, instanceOf(vm)), loadVmConfig(deps, vm)])
    if (instance === undefined) await checkConfigured(deps, target, typed)
    if (instance?.status !== 'Running')
      throw new DvmError('not-found', `the VM ${vm} does not run, so its containers say nothing`, {
        hint: (await meant(deps, target, typed)) ?? `dvm sync ${vm}`,
      })
    const exitCode = await deps.containers.logs({ instance, user: config.user }, { vm, project }, follow)
    // An interruption reaches ssh too, whose exit code is then no answer.
    deps.signal.throwIfAborted()
    // Podman has said that there is no such container; one without a configuration may be there.
    const near = exitCode === 0 ? undefined : await meant(deps, target, typed)
    if (near !== undefined) deps.report.note(`  try: ${near}`)
    return exitCode
  }
  const readers = [deps.logs.pathOf(vm, 'lima'), deps.logs.pathOf(vm, 'setup')].map((path) =>
    deps.logs.reader(path),
  )
  let shown: string | undefined
  const show = (text: string, path: string): void => {
    if (path !== shown) print(`==> ${path} <==\n`)
    shown = path
    print(text)
  }
  const found: boolean[] = []
  for (const reader of readers) {
    const isThere = await reader.more((text) => show(text, reader.path))
    // One that is empty is there all the same.
    if (isThere) show('', reader.path)
    found.push(isThere)
  }
  if (!found.includes(true)) {
    await checkConfigured(deps, target, typed)
    throw new DvmError('not-found', `there are no logs of ${vm} yet`, { hint: `dvm sync ${vm}` })
  }
  if (follow) await deps.logs.follow(readers, deps.signal, show)
  return 0
}
