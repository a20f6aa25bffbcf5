// `dvm open`: a VM's code directory or a project's workspace in an editor of the host's, over its ssh entry.
import { renderCommand } from '../core/command.ts'
import { editorNames, editorOf, editors, type Editor } from '../core/editors.ts'
import { DvmError } from '../core/errors.ts'
import { projectAlias } from '../core/project-ssh.ts'
import { sshAlias } from '../core/ssh-config.ts'
import { containerOf, parseTarget, targetText, type ProjectTarget, type Target } from '../core/target.ts'
import type { Deps } from './deps.ts'
import { codeDirectory } from './guest.ts'
import { updateProjectHost } from './project-ssh.ts'
import { loadProject } from './projects.ts'
import { runningVm } from './running-vm.ts'
import { ensureHostKeys, updateHost, type SshVm } from './ssh-hosts.ts'
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

/** Where an editor is sent. */
interface Place {
  readonly host: string
  readonly path: string
}

/** @throws DvmError `not-found` without a container. */
const openProject = async (deps: Deps, about: SshVm, target: ProjectTarget): Promise<Place> => {
  const { instance, config } = about
  const place = { instance, user: config.user }
  const { containers } = await deps.containers.state(place, target.vm)
  const found = containers.find(({ name }) => name === containerOf(target))
  if (found === undefined)
    throw new DvmError('not-found', 'the project has no container yet', {
      hint: `dvm sync ${targetText(target)}`,
    })
  if (found.state !== 'running') await deps.containers.start(place, target)
  const { workdir } = found
  await updateProjectHost(deps, { target, config, instance, container: found.id, workdir })
  return { host: projectAlias(target), path: workdir }
}

/** Returns the editor's name. @throws DvmError; everything that can be checked is, before a VM is started. */
export const open = async (deps: Deps, text: string, name: string | undefined): Promise<string> => {
  const { vm, project } = parseTarget(text, deps.env.builder.instance)
  const { editor, program } = await findEditor(deps, name)
  if (!(await sshInstalled(deps)))
    throw new DvmError(
      'config',
      `${editor.name} reaches VMs through your ssh configuration, and dvm is not in it`,
      {
        hint: 'dvm ssh-config --install',
      },
    )
  const target = project === undefined ? undefined : { vm, project }
  // What is wrong with a project's files is said before anything is started.
  const typed = (near: Target): string =>
    renderCommand({
      file: 'dvm',
      args: ['open', targetText(near), ...(name === undefined ? [] : ['--editor', name])],
    })
  const [config] = await Promise.all([loadVmConfig(deps, vm), target && loadProject(deps, target, typed)])
  const { instance } = await runningVm(deps, { vm, project }, typed)
  const about = { vm, config, instance }
  // Somebody else (limactl, a reboot) may have started it, on another port.
  await ensureHostKeys(deps, about)
  await updateHost(deps, about)
  const { host, path } =
    target === undefined
      ? { host: sshAlias(vm), path: codeDirectory(config.user, vm) }
      : await openProject(deps, about, target)
  const exitCode = await deps.editors.open(program, editor.args(host, path))
  if (exitCode !== 0)
    throw new DvmError('failed', `${editor.name} ended with exit code ${exitCode}`, {
      hint: `check that ssh works: ssh ${host} true`,
    })
  return editor.name
}
