// The builder in memory: refuses what podman or the shell in the real one would refuse, for example a build before the context is there.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { dialectOf } from '../../src/core/disk-builder.ts'
import type { Instance } from '../../src/ports/lima/index.ts'
import type { Builder } from '../../src/ports/builder/index.ts'
import { qcow2Header } from './disks.ts'
import { enter, type Guest, type Memory } from './memory-lima.ts'

export interface MemoryDisk {
  /** What the builder says of the file's size. */
  size: number
  bytes: Buffer
  sha256: string
  freeBytes: number
  answers: boolean
  /** The builder went down while images were being written. */
  wentDown: boolean
  /** What the check of the image prints. */
  problems: readonly string[]
  /** The network settings that it was given last. */
  network: string
  /** The context that was sent last. */
  archive: Buffer
  /** Lines of the build of the user's image. */
  lines: readonly string[]
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const healthyDisk = (): MemoryDisk => {
  const bytes = qcow2Header({ virtualSize: 10 * 1024 ** 3 })
  return {
    size: bytes.length,
    bytes,
    sha256: sha256(bytes),
    freeBytes: 40 * 1024 ** 3,
    answers: true,
    wentDown: false,
    problems: [],
    network: '',
    archive: Buffer.alloc(0),
    lines: ['STEP 1/2: FROM dvm-base', 'STEP 2/2: RUN false'],
  }
}

const help = readFileSync(resolve(import.meta.dirname, '../fixtures/disk-builder/standalone.help'), 'utf8')

export const createMemoryBuilder = (memory: Memory, disk: MemoryDisk, undo = false): Builder => {
  const inside = async (instance: Instance, call: string, provisioned = true): Promise<Guest> => {
    await enter(memory, undo, call)
    const vm = memory.vms.get(instance.name)
    if (vm === undefined || vm.instance.status !== 'Running')
      throw new Error(`${call}: ${instance.name} does not run`)
    if (provisioned && vm.guest.marker === '') throw new Error(`${call}: the builder is not provisioned`)
    return vm.guest
  }
  const need = (condition: boolean, what: string): void => {
    if (!condition) throw new Error(`the builder would refuse: ${what}`)
  }
  return {
    answers: async (instance) => {
      await enter(memory, undo, 'answers')
      // One that cannot be reached does not answer; that is no error.
      return memory.vms.get(instance.name)?.instance.status === 'Running' && disk.answers
    },
    marker: async (instance, network) => {
      const guest = await inside(instance, 'marker', false)
      need(network.startsWith('network_environment='), 'network settings')
      disk.network = network
      return guest.marker
    },
    provision: async (instance, script, marker) => {
      const guest = await inside(instance, 'provision', false)
      need(script.startsWith('#!/bin/bash'), 'a provisioning script')
      guest.marker = marker
    },
    freeBytes: async (instance) => {
      await inside(instance, 'freeBytes')
      return disk.freeBytes
    },
    recover: async (instance, onStart) => {
      await inside(instance, 'recover', false)
      if (!disk.wentDown) return false
      onStart()
      disk.wentDown = false
      return true
    },
    sweep: async (instance, when, what) => {
      const guest = await inside(instance, ['sweep', when, what ?? []].flat().join(' '), false)
      Object.assign(guest, { work: true, shipped: false, output: false })
    },
    ship: async (instance, archive) => {
      const guest = await inside(instance, 'ship')
      need(guest.work, 'no work directory')
      disk.archive = await buffer(archive)
      need(disk.archive.length > 1024, 'an empty archive')
      guest.shipped = true
    },
    build: async (instance, spec, onLine) => {
      const { tag, noCache = false, buildArgs = {}, labels = {}, trust = false } = spec
      const flags = `${noCache ? ' --no-cache' : ''}${trust ? ' with trust' : ''}`
      const guest = await inside(instance, `build ${tag}${flags}`)
      need(guest.shipped, 'no context')
      for (const image of Object.values(buildArgs)) need(guest.images.has(image), `no image ${image}`)
      if (tag.includes('dvm-target')) {
        need(guest.images.has('localhost/dvm-base:latest'), 'no dvm-base')
        for (const line of disk.lines) onLine(line, 'stdout')
        await enter(memory, undo, 'build ends')
      } else onLine('STEP 1/1: FROM x', 'stdout')
      guest.images.add(tag).add(`id-of-${tag}`)
      guest.labels.set(tag, labels)
      return `id-of-${tag}`
    },
    pull: async (instance, reference) => {
      const guest = await inside(instance, `pull ${reference.slice(0, 40)}`)
      need(/@sha256:[0-9a-f]{64}$/.test(reference), 'dvm pulls by digest only')
      guest.images.add(reference)
      return 'pulled-id'
    },
    image: async (instance, reference) => {
      const guest = await inside(instance, `image ${reference.slice(0, 40)}`)
      if (!guest.images.has(reference)) return undefined
      const id = reference.includes('@') ? 'pulled-id' : `id-of-${reference}`
      return { id, labels: guest.labels.get(reference) ?? {} }
    },
    save: async (instance, reference, to) => {
      const guest = await inside(instance, `save ${reference}`)
      need(guest.images.has(reference), 'no such image')
      to.end(`archive of ${reference}`)
    },
    bootstrap: async (instance, script) => {
      const guest = await inside(instance, 'bootstrap')
      need(script.includes('mmdebstrap'), 'a bootstrap script')
      guest.images.add('bootstrapped-id')
      return 'bootstrapped-id'
    },
    check: async (instance, image, script) => {
      const guest = await inside(instance, 'check')
      need(guest.images.has(image) && script.includes('missing:'), 'a check of an image that is not there')
      return disk.problems
    },
    dialect: async (instance, diskBuilder) => {
      const guest = await inside(instance, 'dialect')
      need(guest.images.has(diskBuilder), 'a disk builder that is not there')
      return dialectOf(help, diskBuilder)
    },
    disk: async (instance, spec, onLine) => {
      const guest = await inside(instance, `disk ${spec.network} ${spec.options.join(' ')}`)
      need(guest.images.has(spec.builder) && guest.images.has(spec.image) && guest.work, 'a disk of nothing')
      onLine('[1 / 2] Pipeline image', 'stderr')
      guest.output = true
    },
    fetch: async (instance, _, local, onBytes) => {
      const guest = await inside(instance, 'fetch')
      need(guest.output, 'no disk')
      writeFileSync(local, disk.bytes, { flag: 'wx', mode: 0o600 })
      onBytes(disk.bytes.length)
      return { bytes: disk.bytes.length, localSha256: sha256(disk.bytes), remoteSha256: disk.sha256 }
    },
    size: async (instance) => {
      need((await inside(instance, 'size')).output, 'no disk')
      return disk.size
    },
    tools: async (instance) => {
      await inside(instance, 'tools')
      return { podman: 'podman version 5.4.2' }
    },
  }
}
