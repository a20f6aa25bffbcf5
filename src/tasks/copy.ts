// `dvm cp`: a file or a directory into a VM or a project, or out of it. What is stopped is started. Each side takes the whole of it or
// nothing; the bytes of a file go from its descriptor to ssh, and not through here.
import { parseCopy, pathText, type CopyRequest } from '../core/copy-path.ts'
import { DvmError } from '../core/errors.ts'
import { download } from './copy-from-guest.ts'
import { commandLine, prepare, type CopyOptions } from './copy-plan.ts'
import { uploadFile, uploadTree } from './copy-to-guest.ts'
import type { Deps } from './deps.ts'

/**
 * @throws DvmError `usage` for a command line that makes no sense, `not-found` for what is not there, `integrity` when not all arrived,
 * `refused` for an archive that reaches out of its directory
 */
export const copy = async (
  deps: Deps,
  source: string,
  destination: string,
  options: CopyOptions,
): Promise<void> => {
  const request = parseCopy(source, destination, deps.env.builder.instance)
  const again = commandLine(options.recursive, source, destination)
  if (request.direction === 'to-guest') await upload(deps, request, options, again)
  else await download(await prepare(deps, request, options, again))
}

const upload = async (
  deps: Deps,
  request: CopyRequest,
  options: CopyOptions,
  again: string,
): Promise<void> => {
  // What is wrong here is said before anything else is looked at.
  const kind = await deps.hostCopy.kind(request.local)
  if (kind === 'directory' && !options.recursive)
    throw new DvmError('usage', `${pathText(request.local)} is a directory`, {
      hint: again.replace(/^dvm cp /, 'dvm cp -r '),
    })
  const copy = await prepare(deps, request, options, again)
  await (kind === 'directory' ? uploadTree(copy) : uploadFile(copy))
}
