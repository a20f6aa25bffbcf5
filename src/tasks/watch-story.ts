// What happens while `dvm watch` runs, as data; the words are the CLI's.
import type { DvmError } from '../core/errors.ts'
import type { Place } from '../core/watch.ts'

export type WatchStory =
  | {
      readonly kind: 'watching'
      readonly baseDir: string
      readonly hasContainerfile: boolean
      readonly vms: readonly string[]
    }
  /** `stopping`: for a newer change. `later`: after what is being done. `absent`: there is no such VM yet. */
  | {
      readonly kind: 'begun' | 'stopping' | 'later' | 'absent'
      readonly place: Place
      readonly files: readonly string[]
    }
  | {
      readonly kind: 'built' | 'switched' | 'unchanged'
      readonly generation: string
      /** None: the first look. */
      readonly files: readonly string[]
      readonly ms: number
    }
  | { readonly kind: 'synced'; readonly place: Place; readonly ms: number }
  | { readonly kind: 'said' | 'warned'; readonly place: Place; readonly text: string }
  | {
      readonly kind: 'failed'
      readonly place: Place
      readonly error: DvmError
      /** Undefined: it was not even begun. */
      readonly ms: number | undefined
    }

export type Tell = (story: WatchStory) => void
