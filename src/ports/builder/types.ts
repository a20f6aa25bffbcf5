// What the rest of dvm may ask of the builder.
import type { Readable, Writable } from 'node:stream'
import type { DiskBuilderDialect } from '../../core/disk-builder.ts'
import type { OnLine } from '../../system/exec.ts'
import type { Instance } from '../lima/index.ts'
import type { BuildSpec, DiskSpec } from './argv.ts'
import type { Fetched } from './fetch.ts'

export interface Builder {
  /** True when the VM answers at all within half a minute; with patience it is asked again and again. */
  answers(instance: Instance, patience?: Patience): Promise<boolean>
  /**
   * Brings it up to the network settings, with a script of core/network-script. Resolves to the provisioning marker, empty when it was
   * never provisioned: one round trip for what each build needs to know first.
   */
  marker(instance: Instance, network: string): Promise<string>
  provision(instance: Instance, script: string, marker: string, onLine: OnLine): Promise<void>
  freeBytes(instance: Instance): Promise<number>
  /**
   * Stops work that a killed or interrupted dvm left running, removes its files, and makes the work directory anew. `begin` writes down
   * that images are about to be written; `end` makes them last and takes that back. For a dev-base `begin` also keeps the one that
   * is going to be replaced, until the next `end`.
   */
  sweep(instance: Instance, when: 'begin' | 'end', what?: 'dev-base'): Promise<void>
  /**
   * When the builder went down between `begin` and `end`, images may be half written: checks them all and removes what is damaged.
   * Resolves to whether there was a reason to look; `onStart` is told before, because it takes minutes.
   */
  recover(instance: Instance, onStart: () => void, onLine: OnLine): Promise<boolean>
  /** Unpacks a tar stream into the work directory. */
  ship(instance: Instance, archive: Readable): Promise<void>
  /** Builds an image; resolves to its id. */
  build(instance: Instance, spec: BuildSpec, onLine: OnLine): Promise<string>
  /** Pulls an image by digest unless it is there; resolves to its id. */
  pull(instance: Instance, reference: string, onLine: OnLine): Promise<string>
  /** What is known of an image; undefined when it is not there. */
  image(instance: Instance, reference: string): Promise<BuilderImage | undefined>
  /** Streams an image as an archive that `podman load` takes, packed by zstd as a disk is. */
  save(instance: Instance, reference: string, to: Writable): Promise<void>
  /** Runs a script that makes an image; its last line is the image id. */
  bootstrap(instance: Instance, script: string, onLine: OnLine): Promise<string>
  /** Runs a check script inside an image; resolves to the problems it printed. */
  check(instance: Instance, image: string, script: string): Promise<readonly string[]>
  dialect(instance: Instance, diskBuilder: string): Promise<DiskBuilderDialect>
  disk(instance: Instance, spec: DiskSpec, onLine: OnLine): Promise<void>
  /** Streams a file of the builder to the host, hashed on both ends. */
  fetch(instance: Instance, remote: string, local: string, onBytes: (bytes: number) => void): Promise<Fetched>
  size(instance: Instance, remote: string): Promise<number>
  /** Versions of the tools inside, for the manifest. */
  tools(instance: Instance): Promise<Readonly<Record<string, string>>>
}

export interface BuilderImage {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
}

export interface Patience {
  readonly ms: number
  /** Ends it early. */
  readonly signal: AbortSignal
}
