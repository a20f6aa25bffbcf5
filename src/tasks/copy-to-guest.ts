// The way in: a file from its descriptor, a directory as an archive.
import { targetText } from '../core/target.ts'
import { warn, warnOfLeftOut, type Copy } from './copy-plan.ts'
import { showProgress } from './copy-progress.ts'

export const uploadFile = async ({ deps, local, name, show, reach }: Copy): Promise<void> => {
  const file = await deps.hostCopy.openFile(local)
  try {
    const end = await reach()
    await showProgress(
      show,
      name,
      async () => ({ done: await file.position(), total: file.size }),
      () => deps.guestCopy.putFile(end, name, file),
    )
  } finally {
    await file.close()
  }
}

export const uploadTree = async ({ deps, local, name, show, reach }: Copy): Promise<void> => {
  const tree = await deps.hostCopy.packTree(local)
  try {
    const end = await reach()
    const said = await showProgress(
      show,
      name,
      () => ({ done: tree.sent() }),
      () => deps.guestCopy.putTree(end, name, tree),
    )
    warn(deps, targetText(end.target), said)
    warnOfLeftOut(deps, local, tree.leftOut)
  } catch (error) {
    // A stream that broke off here is why the guest complains.
    throw tree.failure() ?? error
  } finally {
    tree.from.destroy()
  }
}
