// Preloaded into a process (NODE_OPTIONS=--import): says at its end which packages and which of dvm's own files it has loaded.
import { registerHooks } from 'node:module'

const packages = new Set<string>()
const files = new Set<string>()
registerHooks({
  load: (url, context, next) => {
    const name = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(url)?.[1]
    if (name !== undefined) packages.add(name)
    const file = /\/src\/([^?]+)$/.exec(url)?.[1]
    if (file !== undefined && name === undefined) files.add(file)
    return next(url, context)
  },
})
process.on('exit', () =>
  process.stderr.write(
    `loaded: ${JSON.stringify({ packages: [...packages].sort(), files: [...files].sort() })}\n`,
  ),
)
