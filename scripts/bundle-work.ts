// For scripts/bundle.ts: what commands load when they begin to work becomes one file. Split as it is written, `dvm ssh` would read 80 small
// ones, which takes 15 ms longer; all in one, it would read what it never runs.
import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { Metafile, Plugin } from 'esbuild'

/** Every command loads these anyway. Whatever brings another package stays a part of its own. */
const common: readonly string[] = ['commander', 'execa']
/** Loaded before it is known what is to be done or to save time, and all that completing a name takes. */
const first: readonly string[] = [
  'src/start.ts',
  'src/core/environment.ts',
  'src/ports/host-files.ts',
  'src/ports/lima/begin.ts',
  'src/tasks/known-names.ts',
]

const isPackage = (path: string): boolean => path.includes('node_modules/')

/** Our modules that are imported when they are needed, if they bring no package along. */
const parts = ({ inputs }: Metafile): readonly string[] => {
  const imports = (path: string, dynamic: boolean): readonly string[] =>
    (inputs[path]?.imports ?? [])
      .filter((each) => each.external !== true && (each.kind === 'dynamic-import') === dynamic)
      .map((each) => each.path)
  const bringsPackage = (path: string, seen = new Set<string>()): boolean => {
    if (seen.has(path)) return false
    seen.add(path)
    return imports(path, false).some((next) =>
      isPackage(next)
        ? !common.some((name) => next.startsWith(`node_modules/${name}/`))
        : bringsPackage(next, seen),
    )
  }
  const ours = Object.keys(inputs).filter((path) => !isPackage(path))
  const lazy = new Set(ours.flatMap((path) => imports(path, true)))
  return [...lazy].filter((path) => !isPackage(path) && !first.includes(path) && !bringsPackage(path))
}

/** @param metafile of a build without this */
export const workInOneFile = (root: string, metafile: Metafile): Plugin => {
  const names = new Map(parts(metafile).map((path, index) => [path, `part${index}`]))
  // What is not recognised is left as it is: then nothing is gained, and nobody is told.
  if (!names.has('src/compose.ts')) throw new Error('the bundle has lost its largest part')
  const module = [...names].map(([path, name]) => `export * as ${name} from './${path}'\n`).join('')
  return {
    name: 'work in one file',
    setup: (build) => {
      build.onResolve({ filter: /^dvm:work$/ }, () => ({ path: 'work', namespace: 'dvm' }))
      build.onLoad({ filter: /^work$/, namespace: 'dvm' }, () => ({
        contents: module,
        loader: 'ts',
        resolveDir: root,
      }))
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (!path.startsWith(join(root, 'src/'))) return undefined
        const contents = readFileSync(path, 'utf8').replaceAll(
          /\bimport\('(\.[^']+)'\)/g,
          (written, wanted: string) => {
            const name = names.get(relative(root, resolve(dirname(path), wanted)))
            return name === undefined ? written : `import('dvm:work').then((work) => work.${name})`
          },
        )
        return { contents, loader: 'ts' }
      })
    },
  }
}
