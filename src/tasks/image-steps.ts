// The first half of a build: a usable builder, the context in it, and the target image, checked.
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { changedFiles } from '../core/base-inputs.ts'
import { lineOfStep } from '../core/containerfile.ts'
import { DvmError } from '../core/errors.ts'
import { ownImages } from '../core/own-images.ts'
import { gib, sizeText } from '../core/sizes.ts'
import type { Shipment } from '../ports/context.ts'
import { packagesIn, scanPlumbing, type BasePlan } from './base-plan.ts'
import { provideBootcBase } from './bootc-base.ts'
import { buildImage, got, targetTag, type BuildRun } from './build-run.ts'
import { beginDiskBuilder } from './disk-builder-image.ts'
import { ensureBuilder, findInstance, sweepBootTest } from './builder-vm.ts'
import { provideOwnImage } from './own-image.ts'
import type { Step } from './steps.ts'

export const imageSteps = (run: BuildRun): Step[] => {
  const { deps, plan, options, log, made } = run
  const write = (line: string): void => log.line(line)
  return [
    {
      title: 'Check this machine',
      run: async (voice) => {
        const version = await deps.lima.version()
        const free = await deps.store.freeBytes()
        // The boot test's VM copies the disk once more.
        const copies = options.bootTest ? 2.2 : 1.2
        const needed = (plan.current?.metadata.diskSize ?? gib) * copies + gib / 2
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
        const looking = (): void =>
          voice.note(
            'the builder went down in the middle of a build: checking its images, which takes minutes',
          )
        await deps.builder.recover(made.builder, looking, write)
        await deps.builder.sweep(made.builder, 'begin')
        const free = await deps.builder.freeBytes(made.builder)
        if (free < 6 * gib)
          throw new DvmError(
            'failed',
            `the builder's disk is nearly full: ${sizeText(free)} free, ${sizeText(6 * gib)} needed`,
            {
              hint: `DVM_BUILDER_DISK=${Math.round(made.builder.disk / gib) + 30} dvm base build --clean`,
            },
          )
      },
      undo: async () => {
        // Interrupted or failed: nothing of this build goes on in the builder, not even its provisioning. The disk builder's
        // image is made beside the steps, and its unit may start just after a sweep: swept until that is over.
        const beside = new AbortController()
        const over = (): void => beside.abort()
        void (made.diskBuilder ?? Promise.resolve()).then(over, over)
        try {
          const builder = made.builder ?? (await findInstance(deps.undo, deps.env.builder.instance))
          if (builder?.status !== 'Running') return
          do await deps.undo.builder.sweep(builder, 'end')
          // The wait ends with what it waits for: dvm is not kept alive by it.
          while (await sleep(2000, true, { signal: beside.signal }).catch(() => false))
        } catch (error) {
          write(String(error))
        }
      },
    },
    {
      title: 'Send the build context',
      run: async (voice) => {
        const shipped = Object.keys(plan.inputs.context)
        const plumbing = await scanPlumbing(deps, plan.flavour)
        voice.progress(`${shipped.length} ${shipped.length === 1 ? 'file' : 'files'}`)
        const archive = deps.context.pack([
          { from: deps.env.baseDir, to: 'context', paths: shipped },
          ...packageList(run, shipped),
          ...plumbing.folders,
        ])
        await deps.builder.ship(got(made.builder), archive)
        // The generation is named by what was hashed, so what was sent must be just that.
        const { files } = await deps.context.scanBase(deps.env.baseDir)
        const changed = [
          ...changedFiles(plan.inputs.context, files),
          ...changedFiles(plan.inputs.plumbing, plumbing.files),
        ]
        if (changed.length > 0)
          throw new DvmError('failed', `changed while the build was starting: ${changed.join(', ')}`, {
            hint: 'dvm base build',
          })
      },
    },
    {
      title: 'Build dvm-base',
      run: async (voice) => {
        made.bootc = await provideBootcBase(
          deps,
          got(made.builder),
          plan,
          voice,
          write,
          options.clean || options.noCache,
        )
        beginDiskBuilder(run)
        await provideOwnImage(run, voice, ownImages.base)
      },
    },
    {
      title: 'Build your image',
      run: async (voice) => {
        let step: string | undefined
        try {
          made.targetId = await buildImage(run, voice, {
            containerfile: 'context/Containerfile',
            context: 'context',
            tag: targetTag,
            onStep: (begun) => {
              step = begun
            },
          })
        } catch (error) {
          throw atLine(error, plan, step)
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
  ]
}

/** Always there under the name that Containerfiles copy, because podman refuses to copy what is not, also by a pattern. */
const packageList = ({ deps }: BuildRun, shipped: readonly string[]): Shipment[] => {
  const own = packagesIn(shipped)
  if (own === 'dvm-packages.txt') return []
  const [from, path] =
    own === undefined ? [deps.assets.path('scaffold'), 'no-packages.txt'] : [deps.env.baseDir, own]
  return [{ from, to: 'context', paths: [path], as: 'dvm-packages.txt' }]
}

/** Names the line of the user's Containerfile at which podman stopped. */
const atLine = (error: unknown, plan: BasePlan, step: string | undefined): unknown => {
  if (!(error instanceof DvmError) || error.code !== 'failed') return error
  if (step === undefined)
    return error.with({
      hint:
        error.hint ?? `correct ${plan.containerfile.path}, then: dvm base build (the old base stays in use)`,
    })
  const line = lineOfStep(plan.containerfile.text, step)
  const where = line === undefined ? dirname(plan.containerfile.path) : `${plan.containerfile.path}:${line}`
  return error.with({
    message: `${where}: ${error.message}`,
    hint: error.hint ?? 'correct that line and build again; the old base stays in use',
    cause: error,
  })
}
