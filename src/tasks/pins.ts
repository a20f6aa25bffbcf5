// What `dvm pins check` and `dvm pins update` do: ask registries about tags, decide, write the file once.
import { DvmError } from '../core/errors.ts'
import { pinningProblem } from '../core/image-index.ts'
import type { CheckedPin, UpdatedPin } from '../core/pin-state.ts'
import type { Pin, Pins } from '../core/pins.ts'
import { pinOf, pinnedReference, trackedReference } from '../core/pins.ts'
import { parsePins, replacePin } from '../core/pins-text.ts'
import { nameOf, renderReference } from '../core/reference.ts'
import type { PinsFile } from '../ports/pins-file.ts'
import type { FetchedManifest, Registry } from '../ports/registry/index.ts'

/** The value, or the DvmError that was thrown; anything else (a bug, Ctrl-C) goes on its way. */
const outcome = async <T>(work: Promise<T>): Promise<T | DvmError> => {
  try {
    return await work
  } catch (error) {
    if (error instanceof DvmError) return error
    throw error
  }
}

const checkPin = async (registry: Registry, pin: Pin): Promise<CheckedPin> => {
  const tracked = trackedReference(pin)
  const unreachable = (error: DvmError): CheckedPin => {
    // A setting of this machine's is no registry's fault, and waiting does not help.
    if (error.code === 'config') throw error
    return { ...pin, state: 'unreachable', problem: error.message }
  }
  const head = await outcome(registry.resolve(tracked))
  if (head === pin.digest) return { ...pin, state: 'current' }
  if (head instanceof DvmError && head.code !== 'not-found') return unreachable(head)
  // The tag moved, or says so: only the manifest's own bytes prove it.
  const latest = head instanceof DvmError ? head : await outcome(registry.manifest(tracked))
  if (latest instanceof DvmError && latest.code !== 'not-found') return unreachable(latest)
  if (!(latest instanceof DvmError) && latest.digest === pin.digest) return { ...pin, state: 'current' }
  const pinned = await outcome(registry.resolve({ ...tracked, tag: undefined, digest: pin.digest }))
  if (pinned instanceof DvmError && pinned.code !== 'not-found') return unreachable(pinned)
  const state = pinned instanceof DvmError ? 'gone' : 'outdated'
  if (latest instanceof DvmError)
    return {
      ...pin,
      state,
      problem: `the tag ${renderReference(tracked)} no longer exists; track another one`,
    }
  const why = pinningProblem(latest)
  return {
    ...pin,
    state,
    latest: latest.digest,
    ...(latest.created === undefined ? {} : { created: latest.created }),
    ...(why === undefined ? {} : { problem: `${renderReference(tracked)} cannot be pinned: ${why}` }),
  }
}

export const checkPins = (registry: Registry, pins: Pins): Promise<CheckedPin[]> =>
  Promise.all(pins.map((pin) => checkPin(registry, pin)))

/** The manifest behind a pin's tag: named by HEAD, confirmed by its bytes, and fit for both architectures. */
const resolvePin = async (registry: Registry, pin: Pin): Promise<FetchedManifest> => {
  const tracked = trackedReference(pin)
  const head = await registry.resolve(tracked)
  const manifest = await registry.manifest(tracked)
  if (manifest.digest !== head)
    throw new DvmError(
      'integrity',
      `${renderReference(tracked)}: the registry names ${head} and sends ${manifest.digest}`,
      { hint: 'the tag may be moving this very moment: try again' },
    )
  const why = pinningProblem(manifest)
  if (why === undefined) return manifest
  throw new DvmError('refused', `${renderReference(tracked)} (${manifest.digest}) cannot be pinned: ${why}`, {
    hint: 'track a tag of an image index in pins.json',
  })
}

const variableOf = {
  'bootc-base': 'DVM_BOOTC_BASE',
  'disk-builder': 'DVM_BISC_IMAGE',
  'project-base': 'DVM_DEV_BASE',
} as const

/** For a dvm that was installed by somebody else: the same digests without the file. */
const withoutTheFile = (moved: readonly UpdatedPin[]): string =>
  [
    'pins come with dvm: update dvm, or for this shell only:',
    ...moved.map(
      (pin) =>
        `export ${variableOf[pin.role]}=${pinnedReference({ ...pin, digest: pin.next?.digest ?? '' })} (${pin.flavour})`,
    ),
  ].join(' ')

/**
 * Moves the selected pins to what their tags point at. One that fails does not keep the others back.
 * @throws DvmError `failed` when the file cannot be written.
 */
export const updatePins = async (
  registry: Registry,
  file: PinsFile,
  pins: Pins,
  { write, today }: { readonly write: boolean; readonly today: string },
): Promise<UpdatedPin[]> => {
  const updated = await Promise.all(
    pins.map(async (pin): Promise<UpdatedPin> => {
      const found = await outcome(resolvePin(registry, pin))
      if (found instanceof DvmError) return { ...pin, failure: found }
      if (found.digest === pin.digest) return pin
      return { ...pin, next: { digest: found.digest, resolved: today, created: found.created } }
    }),
  )
  const moved = updated.filter((pin) => pin.next !== undefined)
  if (moved.length === 0 || !write) return updated
  // Read again: asking registries takes a while, and what somebody else changed meanwhile is kept.
  const before = await file.text()
  const now = parsePins(before, file.path)
  const after = moved.reduce((text, pin) => {
    const same = pinOf(now, pin.flavour, pin.role)
    if (
      pin.next === undefined ||
      same?.digest !== pin.digest ||
      nameOf(trackedReference(same)) !== nameOf(trackedReference(pin))
    )
      throw new DvmError('busy', `${file.path} was changed meanwhile`, { hint: 'dvm pins update' })
    return replacePin(text, pin, pin.next.digest, pin.next.resolved)
  }, before)
  await file.write(after, withoutTheFile(moved))
  return updated
}
