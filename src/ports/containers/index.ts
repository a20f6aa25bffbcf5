// Rootless podman in a VM, as the developer: the containers of its projects. Order and wording of the work are the tasks' business.
import { dataScriptArgv, entryArgv, loginShell, scriptArgv } from '../../core/guest-entry.ts'
import { workMark, workScript } from '../../core/guest-work.ts'
import { isUnreachable } from '../../core/errors.ts'
import { trustDevice } from '../../core/trust.ts'
import { projectSshDirectory, projectSshTexts } from '../../core/project-ssh.ts'
import { containerOf, type ProjectTarget } from '../../core/target.ts'
import type { Assets } from '../assets.ts'
import type { Lima } from '../lima/index.ts'
import { guestTerm } from '../lima/guest.ts'
import { devBaseTag, oldDevBases } from '../../core/dev-base.ts'
import { execArgs, inspectArgs, runArgs } from './argv.ts'
import { containerFailure } from './errors.ts'
import { parseContainers, parseImages, parseInspected, parsePreparedSsh, parseVolumes } from './parse.ts'
import { createPodman, hours, minutes } from './podman.ts'
import type { Containers, Place } from './types.ts'

export type * from './types.ts'
export type { KeptVolume, LabelledImage, ProjectContainer } from './parse.ts'

/** As `podman run` would: what is there is not asked for. After the mark. */
const pullScript = 'shift\npodman image exists "$1" </dev/null || podman pull "$1" </dev/null\n'

export const createContainers = (lima: Lima, assets: Pick<Assets, 'text'>): Containers => {
  const { asUser, podman, must, ask } = createPodman(lima, assets)
  const starting = async (place: Place, target: ProjectTarget): Promise<void> => {
    await must(
      `start the container ${containerOf(target)}`,
      target,
      podman(place, ['start', containerOf(target)]),
    )
  }

  /** Whether there was one, or could be removed, decides nothing: the next change tries again. */
  const dropOldDevBases = async (place: Place): Promise<void> => {
    const argv = await asUser(place, ['bash', '-s'])
    const input = `${oldDevBases}remove_old_dev_bases --no-prune\n`
    await lima.run(place.instance, { argv, input, timeoutMs: 5 * minutes }).catch(() => undefined)
  }
  /** One of dvm's scripts that bring another dev-base. */
  const devBaseScript = async (name: string): Promise<string> => `${oldDevBases}${await assets.text(name)}`

  const inspect = async (place: Place, target: ProjectTarget) => {
    const what = `find the container ${containerOf(target)}`
    return parseInspected((await must(what, target, podman(place, inspectArgs(target)))).stdout)
  }

  return {
    state: async (place, vm) => {
      const sections = await ask('ask podman what runs', 'guest/containers-state.sh', place, vm)
      return {
        ready: sections.get('ready')?.value === 'yes',
        containers: parseContainers(sections.get('containers')?.text ?? '', vm),
        devBases: parseImages(sections.get('images')?.text ?? '', vm).filter(({ names }) =>
          names.includes(devBaseTag),
        ),
      }
    },
    workspaces: async (place, vm) => {
      const sections = await ask('ask podman what there is', 'guest/workspaces.sh', place, vm)
      return {
        containers: parseContainers(sections.get('containers')?.text ?? '', vm),
        kept: parseVolumes(sections.get('volumes')?.text ?? '', vm),
      }
    },
    prepare: async ({ instance, user }, vm, onLine) => {
      await must(
        'make itself fit for projects',
        { vm, project: undefined },
        lima.run(
          instance,
          {
            argv: ['sudo', 'bash', '-s', '--', user, workMark],
            input: await assets.text('guest/containers-prepare.sh'),
            timeoutMs: hours,
          },
          onLine,
        ),
      )
    },
    buildDevBase: async ({ instance, user }, vm, { hash, from, noCache, trust }, context, onLine) => {
      const flags = [...(noCache ? ['--no-cache'] : []), ...(trust ? ['--device', trustDevice] : [])]
      const script = await devBaseScript('guest/build-dev-base.sh')
      const argv = entryArgv(script, user, workMark, [hash, from, ...flags])
      const built = await lima.stream(instance, { argv, timeoutMs: 3 * hours }, { from: context }, onLine)
      if (built.exitCode !== 0)
        throw containerFailure('build the dev-base', { vm, project: undefined }, built, { build: true })
    },
    load: async (place, vm, archive) => {
      const argv = dataScriptArgv(await devBaseScript('guest/load-dev-base.sh'), place.user, [])
      await must(
        'take in the dev-base',
        { vm, project: undefined },
        lima.stream(place.instance, { argv, timeoutMs: hours }, { from: archive }),
      )
    },
    pull: async (place, target, image, again, onLine) => {
      const argv = await asUser(place, ['bash', '-s', '--', workMark, image])
      const pulling = lima.run(place.instance, { argv, input: pullScript, timeoutMs: hours }, onLine)
      await must(`get the image ${image}`, target, pulling, again)
    },
    create: async (place, target, spec, onLine) => {
      try {
        await must(
          `make the container ${containerOf(target)}`,
          target,
          lima.run(
            place.instance,
            {
              argv: await asUser(place, ['bash', '-s', '--', workMark, 'podman', ...runArgs(target, spec)]),
              input: workScript,
              timeoutMs: hours,
            },
            onLine,
          ),
        )
      } catch (error) {
        // podman keeps one that it could not start (a port in use), and the next try would meet its name. Its volume stays.
        if (!isUnreachable(error, place.instance.name))
          await podman(place, ['rm', '--force', '--ignore', containerOf(target)]).catch(() => undefined)
        throw error
      }
    },
    start: starting,
    stop: async (place, target) => {
      const name = containerOf(target)
      const { stdout } = await must(
        `stop the container ${name}`,
        target,
        podman(place, ['ps', '--quiet', '--filter', `name=^${name}$`]),
      )
      if (stdout.trim() === '') return false
      await must(`stop the container ${name}`, target, podman(place, ['stop', name]))
      return true
    },
    remove: async (place, target, { keepVolume, again }) => {
      const name = containerOf(target)
      // Both print the name of what they removed, and nothing when it was not there.
      const { stdout } = await must(
        `remove the container ${name}`,
        target,
        podman(place, ['rm', '--force', '--ignore', '--time', '5', name]),
        again,
      )
      const hadContainer = stdout.trim() !== ''
      // What it ran from may have been an old dev-base that nothing else uses.
      if (hadContainer) await dropOldDevBases(place)
      if (keepVolume) return hadContainer
      const removed = await podman(place, ['volume', 'rm', '--force', name])
      if (removed.exitCode !== 0 && !/no such volume/i.test(removed.stderr))
        throw containerFailure(`remove the volume ${name}`, target, removed, { again })
      return hadContainer || removed.stdout.trim() !== ''
    },
    prepareSsh: async (place, target, { workdir, keys }) => {
      const name = containerOf(target)
      const [prepare = '', install = '', ...served] = await Promise.all(
        projectSshTexts.map((text) => assets.text(text)),
      )
      const argv = ['bash', '-s', '--', name, install, projectSshDirectory, workdir, ...served, ...keys]
      const completed = await must(
        `let ssh in to the container ${name}`,
        target,
        lima.run(place.instance, {
          argv: await asUser(place, argv),
          input: prepare,
          timeoutMs: 5 * minutes,
        }),
      )
      const prepared = parsePreparedSsh(completed.stdout)
      if (prepared === undefined) throw containerFailure(`tell the host key of ${name}`, target, completed)
      return prepared
    },
    script: (place, target, workdir, script, { work = false, ...options }) =>
      podman(
        place,
        execArgs(target, { workdir, tty: false, stdin: true }, [
          'bash',
          '-s',
          ...(work ? ['--', workMark] : []),
        ]),
        { timeoutMs: 24 * hours, ...options, input: script },
      ),
    workdir: async (place, target) => (await inspect(place, target)).workdir,
    attach: async (place, target, { workdir, argv, tty, stdin, term }) => {
      const found = await inspect(place, target)
      if (!found.running) await starting(place, target)
      const wanted = {
        workdir: found.workdir ?? workdir,
        tty,
        stdin,
        ...(tty ? { term: guestTerm(term) } : {}),
      }
      return lima.attach(
        place.instance,
        {
          argv: await asUser(place, [
            'podman',
            ...execArgs(target, wanted, argv.length > 0 ? argv : loginShell),
          ]),
        },
        { tty, stdin },
      )
    },
    logs: async (place, target, follow) => {
      const argv = ['podman', 'logs', ...(follow ? ['--follow'] : []), containerOf(target)]
      const guest = follow ? scriptArgv(await assets.text('guest/follow.sh'), argv) : argv
      return lima.attach(
        place.instance,
        { argv: await asUser(place, guest) },
        { tty: false, stdin: follow && 'held' },
      )
    },
  }
}
