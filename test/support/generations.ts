// Records of base generations for tests.
import { writeFileSync } from 'node:fs'
import { inputsSchema } from '../../src/core/base-inputs.ts'
import type { Manifest, Metadata } from '../../src/core/generation.ts'
import type { BaseStore } from '../../src/ports/store/index.ts'
import { qcow2Header } from './disks.ts'

export const metadataOf = (generation: string, change: Partial<Metadata> = {}): Metadata => ({
  schema: 1,
  generation,
  builtAt: '2026-08-01T10:00:00.000Z',
  arch: 'x86_64',
  flavour: 'debian',
  bootcBase: 'bootstrap:trixie',
  bootcBaseId: 'b1',
  diskBuilder: "dvm's own for debian",
  diskBuilderId: 'd1',
  dvmVersion: '0.0.0',
  diskSize: 512,
  virtualSize: 10 * 1024 ** 3,
  sha256: 'c'.repeat(64),
  bootTest: 'passed',
  ...change,
})

export const manifestOf = (): Manifest => ({
  inputs: {
    schema: inputsSchema,
    arch: 'x86_64',
    flavour: 'debian',
    bootcBase: 'bootstrap:trixie',
    diskBuilder: 'own',
    rootfs: 'ext4',
    context: { Containerfile: '644:1' },
    plumbing: {},
  },
  tools: { podman: 'podman version 5.4.2' },
})

/** Makes a current base; returns its disk. */
export const publish = async (store: BaseStore, generation = 'a'.repeat(64)): Promise<string> => {
  const candidate = await store.prepare(generation)
  writeFileSync(candidate.disk, qcow2Header({ virtualSize: 10 * 1024 ** 3 }))
  const kept = await store.keep(candidate, metadataOf(generation), manifestOf())
  await store.makeCurrent(kept)
  return kept.disk
}
