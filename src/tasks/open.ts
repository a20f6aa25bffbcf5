// `dvm open`: a VM's code directory in an editor of the host's, over the VM's ssh entry.
import { editorNames, editorOf, editors, type Editor } from '../core/editors.ts'
import { DvmError } from '../core/errors.ts'
import { checkVmName } from '../core/names.ts'
import { sshAlias } from '../core/ssh-config.ts'
import type { Deps } from './deps.ts'
import { codeDirectory } from './guest.ts'
import { runningVm } from './running-vm.ts'
import { ensureHostKeys, updateHost } from './ssh-hosts.ts'
import { sshInstalled } from './ssh-kept.ts'
import { loadVmConfig } from './vm-config.ts'

interface Found {
  readonly editor: Editor
  readonly program: string
}

/** The one asked for, or the first that is there. */
const findEditor = async (deps: Deps, name: string | undefined): Promise<Found> => {
  const asked = name ?? deps.env.editor
  for (const editor of asked === undefined ? editors : [editorOf(asked)]) {
    const program = await deps.editors.find(editor.programs)
    if (program !== undefined) return { editor, program }
  }
  throw asked === undefined
    ? new DvmError('tool', 'there is no editor on PATH that dvm knows', {
        hint: `install one of: ${editorNames.join(', ')}, or its command for the shell`,
      })
    : new DvmError('tool', `${asked} is not on PATH`, {
        hint: `install it, or its command for the shell (in VS Code and its relatives: "Install '${asked}' command in PATH")`,
      })
}

/** Returns the editor's name and what it was told. @throws DvmError; everything that can be checked is, before a VM is started. */
export const openVm = async (deps: Deps, vm: string, name: string | undefined): Promise<string> => {
  checkVmName(vm, deps.env.builder.instance)
  const { editor, program } = await findEditor(deps, name)
  if (!(await sshInstalled(deps)))
    throw new DvmError(
      'config',
      `${editor.name} reaches VMs through your ssh configuration, and dvm is not in it`,
      {
        hint: 'dvm ssh-config --install',
      },
    )
  const config = await loadVmConfig(deps, vm)
  const { instance } = await runningVm(deps, vm)
  // Somebody else (limactl, a reboot) may have started it, on another port.
  await ensureHostKeys(deps, { vm, config, instance })
  await updateHost(deps, { vm, config, instance })
  const args = editor.args(sshAlias(vm), codeDirectory(config.user, vm))
  const exitCode = await deps.editors.open(program, args)
  if (exitCode !== 0)
    throw new DvmError('failed', `${editor.name} ended with exit code ${exitCode}`, {
      hint: `check that it can reach the VM: ssh ${sshAlias(vm)} true`,
    })
  return editor.name
}
