// Holds the layers: imports point down only, and side effects happen in named places.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import test from 'node:test'

const root = resolve(import.meta.dirname, '..')
const files = (folder: string, pattern: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name))

const sources = files('src', /\.ts$/)
const importsOf = (file: string): { specifier: string; typeOnly: boolean }[] =>
  [
    ...readFileSync(join(root, file), 'utf8').matchAll(
      /(import|export)(\s+type)?[^'"()]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g,
    ),
  ].map((match) => ({ specifier: match[3] ?? match[4] ?? '', typeOnly: match[2] !== undefined }))
/** A file without its line comments, which may name what code may not use. */
const codeOf = (file: string): string =>
  readFileSync(join(root, file), 'utf8').replaceAll(/(^|\s)\/\/.*$/gm, '')
const layerOf = (file: string): string => (file.split('/').length === 2 ? 'main' : (file.split('/')[1] ?? ''))

/** What each layer may import, beyond itself. `tasks` may know ports by type only. */
const allowed: Record<string, readonly string[]> = {
  main: ['cli', 'tasks', 'core', 'ports', 'system'],
  cli: ['tasks', 'core'],
  tasks: ['core', 'ports'],
  core: [],
  ports: ['core', 'system'],
  system: ['core'],
}

test('imports point down only', () => {
  const wrong: string[] = []
  for (const file of sources) {
    const from = layerOf(file)
    for (const { specifier, typeOnly } of importsOf(file)) {
      if (!specifier.startsWith('.')) continue
      const to = layerOf(relative(root, resolve(root, dirname(file), specifier)))
      if (to === from) continue
      if (!(allowed[from] ?? []).includes(to)) wrong.push(`${file} imports ${specifier}`)
      if (from === 'tasks' && to === 'ports' && !typeOnly)
        wrong.push(`${file} imports ${specifier} as a value`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('core does no I/O', () => {
  const pure = new Set(['yaml', 'semver', 'node:path', 'node:crypto', '@balena/dockerignore'])
  const wrong = sources
    .filter((file) => layerOf(file) === 'core')
    .flatMap((file) => importsOf(file).map(({ specifier }) => ({ file, specifier })))
    .filter(({ specifier }) => !specifier.startsWith('.') && !pure.has(specifier))
  assert.deepEqual(wrong, [])
})

test('only the table of flavours knows one by name', () => {
  // doctor names the systems of hosts, which are called the same.
  const wrong = sources
    .filter((file) => !['src/core/flavour.ts', 'src/core/doctor/packages.ts'].includes(file))
    .filter((file) => /(['"`])(fedora|debian)\1/.test(codeOf(file)))
  assert.deepEqual(wrong, [])
})

test('processes start in system/exec.ts only, and never through a shell', () => {
  for (const file of sources) {
    const text = readFileSync(join(root, file), 'utf8')
    const starts = importsOf(file).some(({ specifier }) => /^(execa|(node:)?child_process)$/.test(specifier))
    assert.equal(starts, file === join('src', 'system', 'exec.ts'), `${file} and process starts`)
    assert.doesNotMatch(text, /shell: *true/, file)
    assert.doesNotMatch(text, /['"](ba|z|da)?sh['"], *['"]-l?c['"]/, file)
  }
})

test('the process itself is touched at the top level only', () => {
  for (const file of sources.filter((name) => layerOf(name) !== 'main'))
    assert.doesNotMatch(codeOf(file), /process\.(env|argv|exit|on|cwd|std)/, file)
})

test('files stay small, or say at their top why not', () => {
  const limits = [
    ...sources.map((file) => [file, 250] as const),
    ...files('test', /\.ts$/).map((file) => [file, 400] as const),
  ]
  const wrong = limits.filter(([file, limit]) => {
    const text = readFileSync(join(root, file), 'utf8')
    return text.split('\n').length > limit + 1 && !/^\/\/.*\blong because\b/im.test(text.slice(0, 500))
  })
  assert.deepEqual(wrong, [])
})
