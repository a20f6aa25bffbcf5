// How far a copy is, looked at now and then while it runs. The bytes themselves do not pass by.
import { setTimeout as sleep } from 'node:timers/promises'
import { pathText } from '../core/copy-path.ts'
import { sizeText } from '../core/sizes.ts'

/** Shows a text in place of the last one; an empty one takes it away. Undefined where nobody looks. */
export type ShowProgress = ((text: string) => void) | undefined

export interface Progress {
  /** Bytes; undefined where it cannot be told. */
  readonly done: number | undefined
  readonly total?: number | undefined
}

const lookEveryMs = 250

const progressText = (name: string, { done, total }: Progress): string => {
  const what = pathText(name.length > 40 ? `${name.slice(0, 40)}…` : name)
  if (done === undefined) return what
  if (total === undefined || total === 0) return `${what}: ${sizeText(done)}`
  return `${what}: ${sizeText(done)} of ${sizeText(total)}, ${Math.floor((done / total) * 100)} %`
}

export const showProgress = async <T>(
  show: ShowProgress,
  what: string,
  look: () => Progress | Promise<Progress>,
  work: () => Promise<T>,
): Promise<T> => {
  if (show === undefined) return work()
  const over = new AbortController()
  const looking = (async () => {
    while (!over.signal.aborted) {
      await sleep(lookEveryMs, undefined, { signal: over.signal }).catch(() => undefined)
      if (!over.signal.aborted) show(progressText(what, await look()))
    }
  })()
  try {
    return await work()
  } finally {
    over.abort()
    await looking.catch(() => undefined)
    show('')
  }
}
