// Podman and the disk builder inside the builder VM. Knows how to ask; in which order is the tasks' business.
import { setTimeout as sleep } from 'node:timers/promises'
import { builderRoot, workRoot } from '../../core/builder-paths.ts'
import type { Completed } from '../../core/command.ts'
import { dialectOf } from '../../core/disk-builder.ts'
import type { DvmError } from '../../core/errors.ts'
import { sizeText } from '../../core/sizes.ts'
import type { OnLine } from '../../system/exec.ts'
import type { Instance, Lima } from '../lima/index.ts'
import { asUnit, diskBuild, podmanBuild, podmanScript } from './argv.ts'
import { buildFailure, diskFull, freshBuilder, guestFailure } from './errors.ts'
import { fetchFile } from './fetch.ts'
import {
  markerMark,
  markerScript,
  recoverScript,
  saveScript,
  sweepScript,
  wentDownScript,
} from './scripts.ts'
import type { Builder, BuilderImage } from './types.ts'

export type * from './types.ts'
export type { Fetched } from './fetch.ts'

const quick = 60_000
const hour = 3_600_000
const nothing: OnLine = () => undefined
const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

export const createBuilder = (lima: Lima): Builder => {
  let sequence = 0
  const unit = (): string => `dvm-work-${process.pid}-${(sequence += 1)}`
  const root = (
    instance: Instance,
    argv: readonly string[],
    input?: string,
    timeoutMs = quick,
  ): Promise<Completed> =>
    lima.run(instance, { argv: ['sudo', ...argv], timeoutMs, ...(input === undefined ? {} : { input }) })
  const must = async (what: string, result: Promise<Completed>): Promise<string> => {
    const completed = await result
    if (completed.exitCode !== 0) throw guestFailure(what, completed)
    return completed.stdout.trim()
  }
  const work = async (
    instance: Instance,
    argv: readonly string[],
    onLine: OnLine,
    input?: string,
  ): Promise<Completed> =>
    lima.run(
      instance,
      { argv: asUnit(unit(), argv), timeoutMs: 3 * hour, ...(input === undefined ? {} : { input }) },
      onLine,
    )
  const answersNow = async (instance: Instance): Promise<boolean> => {
    try {
      return (await lima.run(instance, { argv: ['true'], timeoutMs: 30_000 })).exitCode === 0
    } catch {
      return false
    }
  }
  const image = async (instance: Instance, reference: string): Promise<BuilderImage | undefined> => {
    const format = '{{.Id}} {{json .Labels}}'
    const found = await root(instance, ['podman', 'image', 'inspect', '--format', format, reference])
    const [, id, labels] = /^(\S+) (.+)$/.exec(found.stdout.trim()) ?? []
    if (found.exitCode !== 0 || id === undefined || labels === undefined) return undefined
    return { id, labels: (JSON.parse(labels) as Record<string, string> | null) ?? {} }
  }
  const idOf = async (instance: Instance, reference: string): Promise<string> =>
    (await image(instance, reference))?.id ??
    (await must(`find ${reference}`, root(instance, ['podman', 'image', 'inspect', reference])))

  /** A full disk is told with its numbers. What the failed step had written is gone by now. */
  const withSpace = async (instance: Instance, failure: DvmError): Promise<DvmError> => {
    if (failure.message !== diskFull) return failure
    const argv = ['df', '--output=avail,size', '--block-size=1', '/var/lib']
    const { stdout } = await root(instance, argv)
    const [free = 0, size = 0] = lastLine(stdout).trim().split(/\s+/).map(Number)
    return failure.with({
      message: `${diskFull}: ${sizeText(free)} of ${sizeText(size)} were left for this step`,
    })
  }

  return {
    answers: async (instance, patience) => {
      const until = performance.now() + (patience?.ms ?? 0)
      for (;;) {
        if (await answersNow(instance)) return true
        patience?.signal.throwIfAborted()
        if (performance.now() >= until) return false
        await sleep(2000)
      }
    },
    marker: async (instance, network) => {
      const script = `${network}${markerScript}`
      const stdout = await must(
        'take in the network settings',
        root(instance, ['bash', '-s', '--', 'dvm-network'], script, 10 * quick),
      )
      return stdout.split(markerMark).at(-1)?.trim() ?? ''
    },
    provision: async (instance, script, marker, onLine) => {
      const completed = await work(instance, ['bash', '-s'], onLine, script)
      if (completed.exitCode !== 0) throw guestFailure('install what builds need', completed)
      await must(
        'mark the builder',
        root(instance, ['install', '-D', '-m', '0644', '/dev/stdin', `${builderRoot}/provisioned`], marker),
      )
    },
    freeBytes: async (instance) =>
      Number(
        lastLine(
          await must(
            'read its free space',
            root(instance, ['df', '--output=avail', '--block-size=1', '/var/lib']),
          ),
        ),
      ),
    sweep: async (instance, when, what) => {
      const argv = ['bash', '-s', '--', when, ...(what === undefined ? [] : [what])]
      await must('stop old work', root(instance, argv, sweepScript, 5 * quick))
    },
    recover: async (instance, onStart, onLine) => {
      const { stdout } = await root(instance, ['bash', '-s'], wentDownScript)
      if (stdout.trim() !== 'yes') return false
      onStart()
      const completed = await work(instance, ['bash', '-s'], onLine, recoverScript)
      if (completed.exitCode !== 0) throw guestFailure('repair its image store', completed)
      return true
    },
    ship: async (instance, archive) => {
      const argv = ['sudo', 'tar', '--extract', '--ignore-zeros', '--no-same-owner', '--directory', workRoot]
      const completed = await lima.stream(instance, { argv, timeoutMs: hour }, { from: archive })
      if (completed.exitCode !== 0) throw guestFailure('receive the build context', completed)
    },
    build: async (instance, spec, onLine) => {
      const completed = await work(instance, podmanBuild(spec), onLine)
      if (completed.exitCode !== 0) throw await withSpace(instance, buildFailure(spec.tag, completed))
      // podman ends with the image's id: not asked once more, which takes a second where it is emulated.
      const last = lastLine(completed.stdout)
      return /^[0-9a-f]{64}$/.test(last) ? last : idOf(instance, spec.tag)
    },
    pull: async (instance, reference, onLine) => {
      const there = await image(instance, reference)
      if (there !== undefined) return there.id
      const completed = await work(instance, ['podman', 'pull', '--quiet', reference], onLine)
      if (completed.exitCode !== 0)
        throw buildFailure(reference, completed, 'see which registries answer: dvm doctor')
      return idOf(instance, reference)
    },
    image,
    save: async (instance, reference, to) => {
      const guest = { argv: ['sudo', 'bash', '-s', '--', reference], input: saveScript, timeoutMs: hour }
      const completed = await lima.stream(instance, guest, { to })
      if (completed.exitCode !== 0) throw guestFailure(`send the image ${reference}`, completed)
    },
    bootstrap: async (instance, script, onLine) => {
      const completed = await work(instance, ['bash', '-s'], onLine, script)
      if (completed.exitCode !== 0) throw guestFailure('make the base from packages', completed)
      return lastLine(completed.stdout)
    },
    check: async (instance, image, script) => {
      const completed = await work(instance, podmanScript(image), nothing, script)
      const lines = completed.stdout.split('\n').filter((line) => line.trim() !== '')
      if (completed.exitCode === 0) return []
      // Without a shell the script cannot run, which is a finding of its own: podman says which.
      return lines.length > 0 ? lines : [`the image cannot run a shell script: ${lastLine(completed.stderr)}`]
    },
    dialect: async (instance, diskBuilder) => {
      const argv = [
        'podman',
        'run',
        '--rm',
        '--network',
        'none',
        '--pull',
        'never',
        diskBuilder,
        'build',
        '--help',
      ]
      const completed = await work(instance, argv, nothing)
      // podman's own failure, or a signal: the image has not been asked.
      if (completed.exitCode === 125 || (completed.exitCode ?? 128) >= 128)
        throw buildFailure(diskBuilder, completed, freshBuilder)
      return dialectOf(`${completed.stdout}\n${completed.stderr}`, diskBuilder)
    },
    disk: async (instance, spec, onLine) => {
      const completed = await work(instance, diskBuild(spec), onLine)
      if (completed.exitCode !== 0)
        throw await withSpace(instance, buildFailure('the disk', completed, freshBuilder))
    },
    fetch: (instance, remote, local, onBytes) => fetchFile(lima, instance, remote, local, onBytes),
    size: async (instance, remote) =>
      Number(await must('find the disk', root(instance, ['stat', '--format', '%s', remote]))),
    tools: async (instance) => {
      const podman = await root(instance, ['podman', '--version'])
      return { podman: podman.stdout.trim() }
    },
  }
}
