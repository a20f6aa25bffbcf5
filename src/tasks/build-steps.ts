// The steps of a build, in order: each takes what the ones before it made. What they show is in their titles.
import { dirname, join } from 'node:path'
import { lineOfStep } from '../core/containerfile.ts'
import { DvmError } from '../core/errors.ts'
import type { Generation } from '../core/generation.ts'
import { renderInstance } from '../core/instance-yaml.ts'
import { diskProgress, podmanProgress } from '../core/progress.ts'
import { gib, sizeText } from '../core/sizes.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Log } from '../ports/logs.ts'
import type { Candidate } from '../ports/store/index.ts'
import type { BuildOptions } from './base-build.ts'
import { plumbingFolders, type BasePlan } from './base-plan.ts'
import { bootTest } from './boot-test.ts'
import { provideBootcBase, type BootcBase } from './bootc-base.ts'
import { ensureBuilder, sweepBootTest } from './builder-vm.ts'
import type { Deps } from './deps.ts'
import { fetchDisk, type FetchedDisk } from './fetch-disk.ts'
import { publishBase } from './publish-base.ts'
import type { Step, StepVoice } from './steps.ts'

const work = '/var/lib/dvm/work'
const targetTag = 'localhost/dvm-target:latest'

/** What the steps hand on to each other. */
export interface Made {
  builder?: Instance
  bootc?: BootcBase
  targetId?: string
  diskBuilder?: { readonly image: string; readonly id: string }
  disk?: FetchedDisk
  candidate?: Candidate
  generation?: Generation
}

export const got = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('a build step ran before the one that it needs')
  return value
}

export const buildSteps = (
  deps: Deps,
  plan: BasePlan,
  options: BuildOptions,
  log: Log,
  made: Made,
): Step[] => {
  const write = (line: string): void => log.line(line)
  const podman =
    (voice: StepVoice, failed: { step?: string } = {}) =>
    (line: string) => {
      log.line(line)
      const progress = podmanProgress(line)
      if (progress === undefined) return
      failed.step = progress.step
      voice.progress(progress.text, progress.percent)
    }
  const build = (
    voice: StepVoice,
    name: string,
    context: string,
    buildArgs = {},
    failed = {},
  ): Promise<string> =>
    deps.builder.build(
      got(made.builder),
      {
        containerfile: `${work}/${name}`,
        context: `${work}/${context}`,
        tag: tagOf(name),
        buildArgs,
        noCache: options.noCache,
      },
      podman(voice, failed),
    )
  return [
    {
      title: 'Check this machine',
      run: async (voice) => {
        const version = await deps.lima.version()
        const free = await deps.store.freeBytes()
        const needed = (plan.current?.metadata.diskSize ?? gib) * 1.2 + gib / 2
        voice.progress(`Lima ${version}, ${sizeText(free)} free`)
        if (free < needed)
          throw new DvmError(
            'failed',
            `not enough space in ${deps.env.cacheDir}: ${sizeText(free)} free, ${sizeText(needed)} needed`,
            {
              hint: 'free some space, or set DVM_CACHE_DIR to a roomier place',
            },
          )
        await sweepBootTest(deps, write)
      },
    },
    {
      title: 'Prepare the builder',
      run: async (voice) => {
        made.builder = await ensureBuilder(deps, plan.flavour, options, voice, write)
        await deps.builder.sweep(made.builder)
        const free = await deps.builder.freeBytes(made.builder)
        if (free < 6 * gib)
          throw new DvmError(
            'failed',
            `the builder's disk is nearly full: ${sizeText(free)} free, ${sizeText(6 * gib)} needed`,
            {
              hint: `DVM_BUILDER_DISK=${deps.env.builder.disk + 30} dvm base build --clean`,
            },
          )
      },
      undo: async () => {
        // Interrupted or failed: nothing of this build goes on in the builder.
        if (made.builder !== undefined)
          await deps.undo.builder.sweep(made.builder).catch((error: unknown) => write(String(error)))
      },
    },
    {
      title: 'Send the build context',
      run: async (voice) => {
        const shipped = Object.keys(plan.inputs.context)
        const folders = await Promise.all(
          plumbingFolders(plan.flavour).map(async ({ from, to }) => {
            const directory = deps.assets.path(from)
            return {
              from: directory,
              to,
              paths: Object.keys((await deps.context.scanFolder(directory)).files),
            }
          }),
        )
        voice.progress(`${shipped.length} ${shipped.length === 1 ? 'file' : 'files'}`)
        const packages = shipped.includes('packages.txt') && !shipped.includes('dvm-packages.txt')
        const archive = deps.context.pack([
          { from: deps.env.baseDir, to: 'context', paths: shipped },
          // One list for the VM's image and the dev-base: both Containerfiles copy it in under this name.
          ...(packages
            ? [{ from: deps.env.baseDir, to: 'context', paths: ['packages.txt'], as: 'dvm-packages.txt' }]
            : []),
          ...folders,
        ])
        await deps.builder.ship(got(made.builder), archive)
      },
    },
    {
      title: 'Build dvm-base',
      run: async (voice) => {
        made.bootc = await provideBootcBase(deps, got(made.builder), plan, voice, write)
        await build(voice, 'plumbing/dvm-base.Containerfile', 'plumbing', {
          DVM_BOOTC_BASE: made.bootc.image,
        })
      },
    },
    {
      title: 'Build your image',
      run: async (voice) => {
        const failed: { step?: string } = {}
        try {
          made.targetId = await build(voice, 'context/Containerfile', 'context', {}, failed)
        } catch (error) {
          throw atLine(error, plan, failed.step)
        }
      },
    },
    {
      title: 'Check the image',
      run: async () => {
        const script = await deps.assets.text('guest/check-image.sh')
        const problems = await deps.builder.check(got(made.builder), got(made.targetId), script)
        for (const problem of problems) log.line(problem)
        if (problems.length > 0)
          throw new DvmError('failed', 'the image cannot become a VM', {
            tail: problems,
            hint: 'correct your Containerfile and build again; the old base stays in use',
          })
      },
    },
    {
      title: 'Assemble the disk',
      run: async (voice) => {
        const builder = got(made.builder)
        if (plan.diskBuilder === undefined) {
          const image = await build(voice, 'plumbing/disk-builder/Containerfile', 'plumbing/disk-builder', {
            DVM_BOOTC_BASE: got(made.bootc).image,
          })
          made.diskBuilder = { image, id: image }
        } else {
          voice.progress('pulling the disk builder')
          made.diskBuilder = {
            image: plan.diskBuilder,
            id: await deps.builder.pull(builder, plan.diskBuilder, write),
          }
        }
        const dialect = await deps.builder.dialect(builder, made.diskBuilder.image)
        await deps.builder.disk(
          builder,
          {
            builder: made.diskBuilder.image,
            image: targetTag,
            output: `${work}/output`,
            rootfs: plan.inputs.rootfs,
            network: plan.diskBuilder === undefined ? 'none' : 'host',
            options: dialect.options,
          },
          (line) => {
            log.line(line)
            const progress = diskProgress(line)
            if (progress !== undefined) voice.progress(progress.text, progress.percent)
          },
        )
      },
    },
    {
      title: 'Fetch the disk',
      run: async (voice) => {
        made.candidate = await deps.store.prepare(plan.generation)
        made.disk = await fetchDisk(
          deps,
          got(made.builder),
          `${work}/output/qcow2/disk.qcow2`,
          made.candidate.disk,
          voice,
        )
        await deps.builder.sweep(got(made.builder))
      },
      undo: async () => {
        if (made.candidate !== undefined) await deps.store.discard(made.candidate)
      },
    },
    {
      title: 'Boot test',
      skip: () => (options.bootTest ? undefined : '--no-boot-test'),
      run: async (voice) => {
        const { disk, directory } = got(made.candidate)
        const document = join(directory, 'lima.yaml')
        const template = await deps.assets.text('lima.yaml')
        await deps.files.write(document, renderInstance(template, { location: disk, arch: deps.host.arch }))
        await bootTest(deps, { disk, virtualSize: got(made.disk).virtualSize, document }, voice, write)
        await deps.files.remove(document)
      },
    },
    {
      title: 'Publish',
      run: async (voice) => {
        const { bytes, virtualSize, sha256 } = got(made.disk)
        const { schema, arch, flavour } = plan.inputs
        const bootc = got(made.bootc)
        const kept = await deps.store.keep(
          got(made.candidate),
          {
            schema: 1,
            generation: plan.generation,
            builtAt: new Date().toISOString(),
            arch,
            flavour,
            bootcBase: bootc.source,
            bootcBaseId: bootc.id,
            diskBuilder: plan.diskBuilder ?? `dvm's own for ${flavour}`,
            diskBuilderId: got(made.diskBuilder).id,
            dvmVersion: deps.version,
            diskSize: bytes,
            virtualSize,
            sha256,
            bootTest: options.bootTest ? 'passed' : 'skipped',
          },
          {
            inputs: plan.inputs,
            tools: { schema: String(schema), ...(await deps.builder.tools(got(made.builder))) },
          },
        )
        made.generation = await publishBase(deps, kept, plan.current, voice)
      },
    },
  ]
}

/** The tag of what a Containerfile in the work directory makes. */
const tagOf = (containerfile: string): string =>
  ({
    'plumbing/dvm-base.Containerfile': 'localhost/dvm-base:latest',
    'plumbing/disk-builder/Containerfile': 'localhost/dvm-disk-builder:latest',
  })[containerfile] ?? targetTag

/** Names the line of the user's Containerfile at which podman stopped. */
const atLine = (error: unknown, plan: BasePlan, step: string | undefined): unknown => {
  if (!(error instanceof DvmError) || step === undefined || error.code !== 'failed') return error
  const line = lineOfStep(plan.containerfile.text, step)
  const where = line === undefined ? dirname(plan.containerfile.path) : `${plan.containerfile.path}:${line}`
  return new DvmError('failed', `${where}: ${error.message}`, {
    hint: error.hint ?? 'correct that line and build again; the old base stays in use',
    tail: error.tail,
    cause: error,
  })
}
