// What the steps of one build share: what they were asked, and what they hand on to each other.
import { workRoot } from '../core/builder-paths.ts'
import type { DiskBuilderDialect } from '../core/disk-builder.ts'
import { podmanProgress } from '../core/progress.ts'
import type { Generation } from '../core/generation.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Log } from '../ports/logs.ts'
import type { Candidate } from '../ports/store/index.ts'
import type { BasePlan } from './base-plan.ts'
import type { BootcBase } from './bootc-base.ts'
import type { Deps } from './deps.ts'
import type { FetchedDisk } from './fetch-disk.ts'
import { bringsTrust } from './network.ts'
import type { StepVoice } from './steps.ts'

export interface BuildOptions {
  readonly clean: boolean
  readonly noCache: boolean
  readonly bootTest: boolean
  /** Wait for another build instead of failing. */
  readonly wait: boolean
}

export interface Made {
  builder?: Instance
  bootc?: BootcBase
  targetId?: string
  /** Under way beside the image builds; both start from the bootc base alone. */
  diskBuilder?: Promise<DiskBuilder>
  diskBuilderId?: string
  disk?: FetchedDisk
  /** Versions of what made it. */
  tools?: Readonly<Record<string, string>>
  candidate?: Candidate
  generation?: Generation
}

export interface DiskBuilder {
  /** What podman runs: a reference with a digest, or an image id. */
  readonly image: string
  readonly id: string
  readonly dialect: DiskBuilderDialect
}

export interface BuildRun {
  readonly deps: Deps
  readonly plan: BasePlan
  readonly options: BuildOptions
  readonly log: Log
  readonly made: Made
}

export const targetTag = 'localhost/dvm-target:latest'

export const got = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('a build step ran before the one that it needs')
  return value
}

export interface ImageBuild {
  /** Below the work directory. */
  readonly containerfile: string
  readonly context: string
  readonly tag: string
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  /** dvm's own tool, not part of the result: its layers stay cached whatever was asked. */
  readonly tool?: boolean
  /** Told each instruction as podman begins it. */
  readonly onStep?: (step: string) => void
}

/** Builds an image in the builder, logged and shown; resolves to its id. */
export const buildImage = async (run: BuildRun, voice: StepVoice, image: ImageBuild): Promise<string> => {
  const { containerfile, context, tag, buildArgs = {}, labels = {}, tool = false, onStep } = image
  return run.deps.builder.build(
    got(run.made.builder),
    {
      containerfile: `${workRoot}/${containerfile}`,
      context: `${workRoot}/${context}`,
      tag,
      buildArgs,
      labels,
      noCache: run.options.noCache && !tool,
      trust: await bringsTrust(run.deps),
    },
    (line) => {
      run.log.line(line)
      const progress = podmanProgress(line)
      if (progress === undefined) return
      onStep?.(progress.step)
      voice.progress(progress.text, progress.percent)
    },
  )
}
