// Bundles dvm with its packages into dist: node scripts/bundle.ts
// One file per lazily loaded part instead of hundreds: reading single files is most of what a short command waits for.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build, type BuildOptions } from 'esbuild'
import { workInOneFile } from './bundle-work.ts'

const root = resolve(import.meta.dirname, '..')
const options = {
  absWorkingDir: root,
  // hasha starts its worker from a file beside its own.
  entryPoints: { main: 'src/main.ts', 'lib/thread': 'node_modules/hasha/thread.js' },
  outdir: 'dist',
  // As deep as the sources, so that both find the package's own files (src/system/paths.ts).
  chunkNames: 'lib/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Bundled CommonJS packages ask for Node's own modules with require, which ES modules do not have.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions
const asWritten = await build({ ...options, write: false })
const { metafile } = await build({ ...options, plugins: [workInOneFile(root, asWritten.metafile)] })

// Files that code looks for beside itself are not seen by the bundler.
for (const path of Object.keys(metafile.outputs)) {
  const text = readFileSync(join(root, path), 'utf8')
  for (const [, name = ''] of text.matchAll(/new URL\(["']([^"']+)["'], import\.meta\.url\)/g))
    if (!existsSync(join(root, path, '..', name))) throw new Error(`${path} wants ${name} beside it`)
}

/** The licence text of each package that went into the bundle, as their licences ask. */
const folders = Object.values(metafile.outputs)
  .flatMap(({ inputs }) => Object.entries(inputs))
  .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  .map(([path]) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0])
const texts = [...new Set(folders)]
  .filter((folder) => folder !== undefined)
  .sort()
  .map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(root, folder, 'package.json'), 'utf8'),
    ) as { readonly name: string; readonly version: string; readonly license: string }
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file === undefined ? license : readFileSync(join(root, folder, file), 'utf8').trim()
    return `${name} ${version} (${license})\n\n${text}\n`
  })
writeFileSync(
  join(root, 'dist', 'licenses.txt'),
  `dvm contains these packages:\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`,
)
