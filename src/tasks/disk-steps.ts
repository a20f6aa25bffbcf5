// The second half of a build: from the target image to a published generation. Nothing visible changes before the last step.
import { join } from 'node:path'
import { outputRoot } from '../core/builder-paths.ts'
import { renderInstance } from '../core/instance-yaml.ts'
import { diskProgress } from '../core/progress.ts'
import { bootTest } from './boot-test.ts'
import { got, targetTag, type BuildRun } from './build-run.ts'
import { fetchDisk } from './fetch-disk.ts'
import { publishBase } from './publish-base.ts'
import type { Step } from './steps.ts'

/** The same inputs give the same ids, other inputs others. */
const seedOf = (generation: string): number => Number.parseInt(generation.slice(0, 7), 16) + 1

/** From this step on a build is finished rather than given up for a newer one. */
export const assembleTitle = 'Assemble the disk'

export const diskSteps = (run: BuildRun): Step[] => {
  const { deps, plan, options, log, made } = run
  const write = (line: string): void => log.line(line)
  return [
    {
      title: assembleTitle,
      run: async (voice) => {
        const builder = got(made.builder)
        voice.progress('waiting for the disk builder')
        const diskBuilder = await got(made.diskBuilder)
        made.diskBuilderId = diskBuilder.id
        await deps.builder.disk(
          builder,
          {
            builder: diskBuilder.image,
            image: targetTag,
            output: outputRoot,
            rootfs: plan.inputs.rootfs,
            network: plan.diskBuilder === undefined ? 'none' : 'host',
            options: diskBuilder.dialect.options(seedOf(plan.generation)),
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
        const builder = got(made.builder)
        made.candidate = await deps.store.prepare(plan.generation)
        const remote = `${outputRoot}/qcow2/disk.qcow2`
        const tools = deps.builder.tools(builder)
        tools.catch(() => undefined)
        made.disk = await fetchDisk(deps, builder, remote, made.candidate.disk, voice)
        made.tools = await tools
        await deps.builder.sweep(builder, 'end')
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
            diskBuilderId: got(made.diskBuilderId),
            dvmVersion: deps.version,
            diskSize: bytes,
            virtualSize,
            sha256,
            bootTest: options.bootTest ? 'passed' : 'skipped',
          },
          {
            inputs: plan.inputs,
            tools: { schema: String(schema), ...got(made.tools) },
          },
        )
        made.generation = await publishBase(deps, kept, voice, plan.current)
      },
    },
  ]
}
