// The user's files: whose they are, and whether each configuration evaluates and makes sense.
import { join } from 'node:path'
import { quotePath } from '../../core/command.ts'
import { show } from '../../core/decode.ts'
import { DvmError } from '../../core/errors.ts'
import { ok, problem, warning, type Finding } from '../../core/finding.ts'
import { checkVmName, isName } from '../../core/names.ts'
import { loadSharedConfig, loadVmConfig } from '../vm-config.ts'
import { runChecks, tell, type Check, type View } from './check.ts'

/** Longer than a configuration may take to evaluate. */
const limit = 15_000

/** A configuration that prints when it is read is read at every command. What it prints may be a secret. */
const read = (name: string, path: string, { warned }: View): Finding =>
  warned.length === 0
    ? ok(name, path)
    : warning(
        name,
        `${path} writes to stderr each time that it is read`,
        `see what it says: bash ${quotePath(path)}`,
      )

const checkOf = (name: string, look: (view: View) => Promise<Finding>): Check => ({
  name,
  limit,
  run: async (view) => [await tell(name, () => look(view))],
})

const shared = checkOf('config.sh', async (view) => {
  const path = join(view.deps.env.configDir, 'config.sh')
  if ((await view.facts.kind(path)) === 'missing') return ok('config.sh', 'none, so the defaults')
  await loadSharedConfig(view.deps)
  return read('config.sh', path, view)
})

/** One entry of vms/. `quiet`: what all VMs share prints already, so that nothing follows from what this one prints. */
const vm = (entry: string, quiet: boolean): Check => {
  const name = `VM ${isName(entry) ? entry : show(entry)}`
  return checkOf(name, async (view) => {
    const { deps, facts } = view
    const directory = join(deps.env.configDir, 'vms', entry)
    const unused = nameProblem(entry, deps.env.builder.instance)
    if (unused !== undefined)
      return warning(name, `${unused}: dvm leaves it alone`, 'rename it, or move it away')
    const kind = await facts.kind(directory)
    if (kind !== 'directory' && kind !== 'unreadable')
      return warning(name, `${directory} is not a directory`, `move it away, then: dvm new ${entry}`)
    await deps.checkOwnership(directory, deps.env.configDir)
    const setup = join(directory, 'setup.sh')
    if ((await deps.files.text(setup)) !== undefined) await deps.checkOwnership(setup, deps.env.configDir)
    await loadVmConfig(deps, entry)
    const own = join(directory, 'config.sh')
    if ((await facts.kind(own)) === 'missing') return ok(name, 'no config.sh of its own')
    return quiet ? ok(name, own) : read(name, own, view)
  })
}

const nameProblem = (name: string, builder: string): string | undefined => {
  try {
    checkVmName(name, builder)
    return undefined
  } catch (error) {
    if (error instanceof DvmError) return error.code === 'usage' ? 'not a VM name' : 'a reserved name'
    throw error
  }
}

const directory = checkOf('configuration', async ({ deps, facts }) => {
  const name = 'configuration'
  const { configDir } = deps.env
  const kind = await facts.kind(configDir)
  if (kind === 'missing') return ok(name, `none yet at ${configDir} (dvm new VM begins it)`)
  if (kind === 'unreadable') {
    const path = quotePath(configDir)
    return problem(
      name,
      `${configDir} is closed to this user`,
      `sudo chown "$USER" ${path}; chmod u+rwx ${path}`,
    )
  }
  if (kind !== 'directory')
    return problem(name, `${configDir} is not a directory`, 'move it away, or set DVM_CONFIG_DIR')
  await deps.checkOwnership(configDir, configDir)
  return ok(name, configDir)
})

/** The directory, then what all VMs share, then each VM: what is wrong further up is said once. */
export const configuration: Check = {
  name: 'configuration',
  limit: 120_000,
  run: async ({ deps }) => {
    const found: Finding[] = []
    for (const check of [directory, shared]) {
      found.push(...(await runChecks(deps, [check])))
      if (found.some(({ state }) => state === 'problem'))
        return [
          ...found,
          warning('VMs', 'not looked at, because of the problem above', 'repair that, then: dvm doctor'),
        ]
    }
    const entries = await deps.files.list(join(deps.env.configDir, 'vms'))
    // Of a desktop's or an editor's making.
    const names = entries.filter((name) => !name.startsWith('.')).sort()
    const quiet = found.some(({ state }) => state === 'warning')
    return [
      ...found,
      ...(await runChecks(
        deps,
        names.map((name) => vm(name, quiet)),
        8,
      )),
    ]
  },
}
