// The way out: into a temporary file or directory, which gets its name when all of it is there.
import { pathText } from '../core/copy-path.ts'
import { DvmError } from '../core/errors.ts'
import { targetText } from '../core/target.ts'
import { warn, warnOfLeftOut, type Copy } from './copy-plan.ts'
import { showProgress } from './copy-progress.ts'

export const download = async (copy: Copy): Promise<void> => {
  // A directory cannot replace a file, so what comes must be one too.
  const asTree = copy.recursive && !(await copy.deps.hostCopy.isFile(copy.local))
  if (asTree && (await downloadTree(copy))) return
  await downloadFile(copy)
}

const downloadFile = async ({
  deps,
  local,
  name,
  there,
  again,
  show,
  reach,
  recursive,
}: Copy): Promise<void> => {
  const landing = await deps.hostCopy.landFile(local, name)
  try {
    const end = await reach()
    let total: number | undefined
    const sent = await showProgress(
      show,
      name,
      async () => ({ done: await landing.received(), total }),
      () => deps.guestCopy.getFile(end, landing.fd, (bytes) => (total = bytes)),
    ).catch(async (error: unknown) => {
      if (recursive && error instanceof DvmError && error.code === 'usage')
        throw new DvmError('failed', `${there} is a directory, and ${pathText(local)} here is a file`, {
          hint: `${again}-copy`,
        })
      // ssh does not say that it could not write.
      throw (deps.signal.aborted ? undefined : await landing.fault()) ?? error
    })
    const received = await landing.received()
    if (received !== sent.bytes)
      throw (
        (await landing.fault()) ??
        new DvmError(
          'integrity',
          `${received} of ${sent.bytes} bytes of ${there} arrived, so nothing was changed here`,
          {
            hint: `again: ${again}`,
          },
        )
      )
    await landing.commit(sent.mode)
  } finally {
    await landing.discard()
  }
}

/** False when there is a file instead of a directory. */
const downloadTree = async ({
  deps,
  local,
  name,
  there,
  look,
  again,
  show,
  reach,
}: Copy): Promise<boolean> => {
  const landing = await deps.hostCopy.landTree(local, name, { text: there, look, again })
  try {
    const end = await reach()
    const said = await showProgress(
      show,
      name,
      () => ({ done: landing.received() }),
      () => deps.guestCopy.getTree(end, landing.to),
    ).catch((error: unknown) => {
      // An archive that broke off is what a failure over there looks like from here.
      const fault = landing.fault()
      throw fault === undefined || fault.code === 'integrity' ? error : fault
    })
    if (said === undefined) return false
    const leftOut = await landing.commit()
    warn(deps, targetText(end.target), said)
    warnOfLeftOut(deps, there, leftOut)
    return true
  } finally {
    await landing.discard()
  }
}
