// Holds the documents to the program: what they name exists, and what exists they name. Also what no file of the repository may hold.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import test from 'node:test'
import type { Command } from 'commander'
import { parse } from 'yaml'
import { vmVariables } from '../src/core/config.ts'
import { projectVariables } from '../src/core/project.ts'
import { parseEnvironment } from '../src/core/environment.ts'
import { exitCodes } from '../src/core/errors.ts'
import { flavourNames } from '../src/core/flavour.ts'
import { pinExitCodes } from '../src/core/pin-state.ts'
import { bareProgram } from './support/program.ts'

const root = resolve(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'AGENTS.md', 'docs/migration.md']
const readme = read('README.md')
const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/** Commands that do something, by what a person types: `base build`, not `base`. Hidden ones are for scripts. */
const leaves = (command: Command, path: readonly string[] = []): [string, Command][] => {
  if (command.commands.length === 0) return [[path.join(' '), command]]
  const shown = command.createHelp().visibleCommands(command)
  return command.commands
    .filter((child) => shown.includes(child))
    .flatMap((child) => leaves(child, [...path, child.name()]))
}
const commands = new Map(leaves(bareProgram()))

/** The part of a document below the heading that matches, down to the next heading. */
const section = (text: string, heading: RegExp): string | undefined => {
  const start = heading.exec(text)
  if (start === null) return undefined
  const rest = text.slice(start.index + start[0].length)
  const end = rest.search(/^#{1,3} /m)
  return end === -1 ? rest : rest.slice(0, end)
}

test('the README has a section for every command, with every option and an example', () => {
  const missing: string[] = []
  for (const [name, command] of commands) {
    const text = section(readme, new RegExp(`^### .*\`dvm ${escape(name)}\`.*$`, 'm'))
    if (text === undefined) missing.push(`dvm ${name}`)
    else {
      if (!text.includes(`$ dvm ${name}`) && !text.includes('fill:') && !text.includes('Example above'))
        missing.push(`an example of dvm ${name}`)
      for (const option of command.options)
        if (!text.includes(`\`${option.long}`)) missing.push(`dvm ${name} ${option.long}`)
    }
  }
  assert.deepEqual(missing, [])
})

test('every example in the README is a command line that dvm takes', () => {
  const wrong: string[] = []
  for (const [, line = ''] of readme.matchAll(/^\$ dvm ?(.*)$/gm)) {
    const words = (line.split(' -- ')[0] ?? '').split(' ').filter((word) => word !== '')
    const name = [words.slice(0, 2).join(' '), words[0] ?? ''].find((text) => commands.has(text))
    const command = name === undefined ? undefined : commands.get(name)
    const options = words.filter((word) => word.startsWith('-')).map((word) => word.split('=')[0])
    const unknown = options.filter(
      (word) => !command?.options.some((option) => [option.long, option.short].includes(word)),
    )
    if (command === undefined || unknown.length > 0) wrong.push(`dvm ${line}`)
  }
  assert.deepEqual(wrong, [])
})

/** Every variable that the decoder looks up. */
const environmentVariables = (): string[] => {
  const seen = new Set<string>()
  const variables = new Proxy<Record<string, string>>(
    { HOME: '/' },
    {
      get: (target, name) => {
        seen.add(String(name))
        return Reflect.get(target, name) as unknown
      },
    },
  )
  parseEnvironment(variables, '/')
  return [...seen]
}
/** What a setup.sh may rely on, as its starter says. */
const setupVariables = ['vm', 'project'].flatMap(
  (kind) => /Set here: (.*)/.exec(read(`templates/scaffold/${kind}/setup.sh`))?.[1]?.split(', ') ?? [],
)

test('the README names every variable that dvm knows, and no other', () => {
  const known = new Set([...environmentVariables(), ...vmVariables, ...projectVariables, ...setupVariables])
  assert.ok(known.size > 30, 'the decoder was asked')
  const missing = [...known].filter((name) => !readme.includes(`\`${name}\``))
  const unknown = [...readme.matchAll(/\bDVM_[A-Z][A-Z_]*[A-Z]\b/g)].map(([name]) => name)
  assert.deepEqual(
    { missing, unknown: [...new Set(unknown)].filter((name) => !known.has(name) && name !== 'DVM_BUILDER') },
    { missing: [], unknown: [] },
  )
})

test('the README names every exit code and every flavour', () => {
  const codes = section(readme, /^## Exit codes$/m) ?? ''
  for (const code of [...Object.values(exitCodes), ...Object.values(pinExitCodes)])
    assert.match(codes, new RegExp(`^\\|[\\d ,]*\\b${code}\\b[\\d ,]*\\|`, 'm'), `exit code ${code}`)
  const flavours = section(readme, /^## Flavours$/m) ?? ''
  for (const name of flavourNames) assert.ok(flavours.includes(`\`${name}\``), name)
})

test('links in the documents lead somewhere', () => {
  const anchor = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
  const broken: string[] = []
  for (const document of documents) {
    const anchors = [...read(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchor(heading))
    for (const [, target = ''] of read(document).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (target.startsWith('https://')) continue
      const fine = target.startsWith('#')
        ? anchors.includes(target.slice(1))
        : existsSync(join(root, dirname(document), target.split('#')[0] ?? ''))
      if (!fine) broken.push(`${document}: ${target}`)
    }
  }
  assert.deepEqual(broken, [])
})

test('files and scripts that the documents for developers name exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const missing: string[] = []
  for (const document of documents) {
    // A path in the tree; not a user's file, a branch of an example or a pattern.
    for (const [, path = ''] of read(document).matchAll(
      /`((?:\.ci|\.github|src|test|scripts|templates)\/[\w./-]*|[\w-]+\.(?:json|md))`/g,
    ))
      if (!existsSync(join(root, path)) && !/^(auth|metadata|kvm)\.json$/.test(path))
        missing.push(`${document}: ${path}`)
    for (const [, name = ''] of read(document).matchAll(/\bnpm run ([\w:-]+)/g))
      if (!(name in scripts)) missing.push(`${document}: npm run ${name}`)
  }
  assert.deepEqual(missing, [])
  assert.ok(read('AGENTS.md').trimEnd().split('\n').length <= 60, 'AGENTS.md stays short')
})

test('help topics and the page on moving to dvm name commands and variables that exist', () => {
  const known = new Set([...environmentVariables(), ...vmVariables, ...projectVariables, ...setupVariables])
  const texts = [
    'docs/migration.md',
    ...readdirSync(join(root, 'templates/help')).map((name) => `templates/help/${name}`),
  ]
  for (const path of texts) {
    // A command line: in backquotes on the page, indented in a help text.
    for (const [, line = ''] of read(path).matchAll(/(?:`|^ {2})dvm ([a-z-]+(?: [a-z-]+)?)/gm)) {
      const [first = '', second = ''] = line.split(' ')
      assert.ok(commands.has(first) || commands.has(`${first} ${second}`), `${path}: dvm ${line}`)
    }
    for (const [name] of read(path).matchAll(/\bDVM_[A-Z_]*[A-Z]\b/g))
      assert.ok(known.has(name), `${path}: ${name}`)
  }
  assert.match(readme, /\]\(docs\/migration\.md\)/)
})

test('the changelog has a place for what comes next', () => {
  assert.match(read('CHANGELOG.md'), /^## Unreleased$/m)
})

/** Every file that is, or is about to be, in the repository; in a copy without git, every file that is not made here. */
const files = (): string[] => {
  const git = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = existsSync(join(root, '.git'))
    ? execFileSync('git', git, { cwd: root, encoding: 'utf8' }).split('\0')
    : readdirSync(root)
        .filter((name) => !['node_modules', 'dist', '.tools'].includes(name))
        .flatMap((name) =>
          statSync(join(root, name)).isFile()
            ? [name]
            : readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).map((path) =>
                join(name, path),
              ),
        )
  return listed.filter(
    (path) => path !== '' && existsSync(join(root, path)) && statSync(join(root, path)).isFile(),
  )
}

test('no file holds a path of the machine that it was made on', () => {
  // Homes of nobody in particular are fine: examples in tests, and what a shell or a template fills in.
  const places = [
    'work',
    'workspace',
    'root',
    'Users/[a-z]\\w*',
    'home/(?!(?:[a-z]{1,2}|you|user|mary|dev|developer)\\b)[a-z]\\w*',
  ]
  const pattern = new RegExp(`(?<![\\w.}/~*-])/(?:${places.join('|')})/`)
  const wrong = files().flatMap((path) => {
    const line = read(path)
      .split('\n')
      .findIndex((text) => pattern.test(text))
    return line === -1 ? [] : [`${path}:${line + 1}`]
  })
  assert.deepEqual(wrong, [])
})

test('no file holds a secret', () => {
  const secrets = [
    /-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=]{40}/,
    /\bgh[opsru]_[A-Za-z0-9]{36}/,
    /\bgithub_pat_\w{60}/,
    /\bnpm_[A-Za-z0-9]{36}/,
    /\bAKIA[0-9A-Z]{16}\b/,
    /\bxox[abp]-\w{10}/,
    /\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}/,
  ]
  assert.deepEqual(
    files().filter((path) => secrets.some((pattern) => pattern.test(read(path)))),
    [],
  )
})

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly bin: Readonly<Record<string, string>>
  readonly files: readonly string[]
  readonly engines: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

test('dependencies are pinned exactly, and the lock file is in step and names no host', () => {
  const manifest = JSON.parse(read('package.json')) as Manifest
  const lock = JSON.parse(read('package-lock.json')) as {
    readonly version: string
    readonly packages: Readonly<Record<string, Partial<Manifest> & { readonly resolved?: string }>>
  }
  const { devDependencies, engines, bin, license } = manifest
  for (const [name, version] of Object.entries(devDependencies)) {
    assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name)
    assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name)
  }
  const { name, version } = manifest
  const { packages } = lock
  assert.equal(lock.version, version)
  const { '': top, ...others } = packages
  assert.deepEqual({ ...top }, { name, version, license, bin, devDependencies, engines })
  assert.deepEqual(
    Object.values(others).filter(({ resolved }) => resolved !== undefined),
    [],
  )
})

test('the package holds the compiled program, the templates and the pins', () => {
  const { name, bin, files: packed, license } = JSON.parse(read('package.json')) as Manifest
  assert.deepEqual(
    { name, bin, packed, license },
    { name: 'dvm', bin: { dvm: 'dist/main.js' }, packed: ['dist', 'templates', 'pins.json'], license: 'MIT' },
  )
  for (const path of ['templates', 'pins.json', 'README.md', 'LICENSE'])
    assert.ok(existsSync(join(root, path)), path)
})

interface Workflow {
  readonly permissions: unknown
  readonly jobs: Readonly<
    Record<string, { readonly permissions?: unknown; readonly steps: readonly { readonly uses?: string }[] }>
  >
}

test('workflows pin their actions by commit and say what they may do', () => {
  const workflows = files().filter((path) => path.startsWith('.github/workflows/'))
  assert.ok(workflows.length >= 2)
  for (const path of workflows) {
    const { permissions, jobs } = parse(read(path)) as Workflow
    assert.deepEqual(permissions, {}, `${path} grants nothing to all jobs`)
    for (const [name, job] of Object.entries(jobs)) {
      assert.notEqual(job.permissions, undefined, `${path}: ${name} says what it may do`)
      for (const { uses } of job.steps)
        if (uses !== undefined) assert.match(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/, `${path}: ${name}`)
    }
  }
})

test('CI runs npm test', () => {
  assert.match(read('.ci/run'), /^exec npm test$/m)
  assert.ok((statSync(join(root, '.ci/run')).mode & 0o100) !== 0, 'it can be executed')
})
