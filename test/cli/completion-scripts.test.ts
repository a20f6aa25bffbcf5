// The three completion scripts, run by their shells. bash must be there; zsh and fish run where they are installed.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { compileCache } from '../support/compile-cache.ts'
import { runDvm } from '../support/dvm.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'
import { main } from '../support/main.ts'

const script = (shell: string): string =>
  resolve(import.meta.dirname, `../../templates/completion/dvm.${shell}`)
const has = (shell: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, shell)))

/** A home with VMs, hostile directories beside them, and a `dvm` on PATH; runs text in a shell there. */
const shellAtHome = (t: TestContext) => {
  const home = temporaryDirectory(t)
  for (const name of ['app', 'app-2', 'web', 'a b', '$(touch hacked)', '`touch hacked`', "it's", 'x\ny'])
    mkdirSync(join(home, '.config/dvm/vms', name), { recursive: true })
  const dvm = writePrivate(join(home, 'bin/dvm'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  chmodSync(dvm, 0o700)
  return {
    home,
    run: (file: string, args: readonly string[], text: string): string => {
      const env = { ...compileCache, HOME: home, PATH: `${join(home, 'bin')}:${process.env['PATH']}` }
      // A file, not stdin: fish 3.6 takes node's kind of pipe for a directory.
      const input = writePrivate(join(home, 'input'), text)
      const result = spawnSync(file, [...args, input], { cwd: home, env, encoding: 'utf8' })
      assert.deepEqual([result.status, result.stderr], [0, ''])
      assert.equal(existsSync(join(home, 'hacked')), false)
      return result.stdout
    },
  }
}

/** Lines as bash cuts them into words: `=` is one of its own. */
const lines: readonly (readonly [readonly string[], readonly string[]])[] = [
  [['base', 'b'], ['build']],
  [
    ['pins', ''],
    ['list', 'check', 'update'],
  ],
  [
    ['sync', ''],
    ['app', 'app-2', 'web'],
  ],
  [['rm', '--yes', 'w'], ['web']],
  [['sync', '--n'], ['--no-wait']],
  [['sync', 'a b'], []],
  [['sync', '$(touch hacked)'], []],
  [['sync', '`touch hacked`'], []],
  [['ssh', 'app', '--', 'ls', '--'], []],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['bogus', ''], []],
]
const bashLines: typeof lines = [
  ...lines,
  [
    ['pins', 'list', '--role', '='],
    ['bootc-base', 'disk-builder', 'project-base'],
  ],
  [['pins', 'list', '--role', '=', 'd'], ['disk-builder']],
  [['pins', 'list', '--file', 'x'], []],
]
/** COMPREPLY of each line, one JSON array a line; bash is called as readline calls it, and with COMP_WORDS alone. */
const askBash = (given: typeof lines, how: string): string =>
  given
    .map(([words]) => {
      const quoted = ['dvm', ...words].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`)
      return `COMP_WORDS=(${quoted.join(' ')}); COMP_CWORD=${words.length}; ${how}; printf '<%s>' "\${COMPREPLY[@]-}"; echo`
    })
    .join('\n')
const answers = (given: typeof lines): string =>
  given
    .map(([, words]) => `${words.length === 0 ? '<>' : words.map((word) => `<${word}>`).join('')}\n`)
    .join('')

for (const [name, how] of [
  ['as readline calls it', `_dvm dvm "\${COMP_WORDS[COMP_CWORD]#=}" "\${COMP_WORDS[COMP_CWORD-1]}"`],
  ['with COMP_WORDS alone', '_dvm'],
] as const)
  test(`bash completes, ${name}`, (t) => {
    const { run } = shellAtHome(t)
    const text = `source '${script('bash')}'\n${askBash(bashLines, how)}\n`
    assert.equal(run('bash', ['--norc', '--noprofile', '-u'], text), answers(bashLines))
  })

test('bash completes the word up to the cursor', (t) => {
  const { run } = shellAtHome(t)
  const ask = `COMP_WORDS=(dvm sync webx); COMP_CWORD=2; _dvm dvm w sync; printf '<%s>' "\${COMPREPLY[@]}"`
  assert.equal(run('bash', ['--norc'], `source '${script('bash')}'\n${ask}\n`), '<web>')
})

test('bash registers it; without compopt (bash 3.2) file names are the way out', (t) => {
  const { run } = shellAtHome(t)
  const load = `source '${script('bash')}'; complete -p dvm`
  const old = 'complete -o default -F _dvm dvm\n'
  const modern = spawnSync('bash', ['-c', 'type compopt']).status === 0
  assert.equal(run('bash', ['--norc'], `${load}\n`), modern ? 'complete -F _dvm dvm\n' : old)
  assert.equal(run('bash', ['--norc'], `enable -n compopt 2>/dev/null; ${load}\n`), old)
})

test('bash says nothing when dvm fails or is gone', (t) => {
  const { home, run } = shellAtHome(t)
  const ask = `COMP_WORDS=(dvm sync ''); COMP_CWORD=2; _dvm; echo "\${#COMPREPLY[@]} $?"`
  writeFileSync(join(home, 'bin/dvm'), '#!/bin/sh\necho broken >&2\nexit 70\n')
  assert.equal(run('bash', ['--norc'], `source '${script('bash')}'; ${ask}\n`), '0 0\n')
  assert.equal(run('bash', ['--norc'], `source '${script('bash')}'; PATH=/nowhere; ${ask}\n`), '0 0\n')
})

// What each line offers, as zsh's and fish's own words: `--option=value` is one.
const others: typeof lines = [
  ...lines,
  [['pins', 'list', '--role=d'], ['--role=disk-builder']],
  [
    ['pins', 'list', '--role', ''],
    ['bootc-base', 'disk-builder', 'project-base'],
  ],
]
const skip = (shell: string) => (has(shell) ? {} : { skip: `${shell} is not installed` })

test('zsh completes, where it is installed (not run elsewhere)', skip('zsh'), (t) => {
  const { run } = shellAtHome(t)
  // The line editor is not there without a terminal: what the script asks of it is printed instead.
  const stubs = `compdef() { }; compset() { print -r -- "compset $*" }; _files() { print -r -- files }
_describe() { print -r -- "\${(@)\${(@P)2}%%:*}" }
source '${script('zsh')}'
`
  const ask = others.map(([words]) => {
    const quoted = ['dvm', ...words.slice(0, -1)].map((word) => `'${word}'`)
    const typed = `'${words.at(-1)}'`
    return `words=(${quoted.join(' ')} ${typed}); CURRENT=${words.length + 1}; PREFIX=${typed}; _dvm`
  })
  const files = `words=(dvm pins list --file=x); CURRENT=4; PREFIX=--file=x; _dvm`
  assert.equal(
    run('zsh', ['-f'], `${stubs}${ask.join('\n')}\n${files}\n`),
    `${others.map(([, words]) => `${words.join(' ')}\n`).join('')}compset -P --*=\nfiles\n`,
  )
})

test('fish completes, where it is installed (not run elsewhere)', skip('fish'), (t) => {
  const { run } = shellAtHome(t)
  const safe = others.filter(([words]) => !/[ $`]/.test(words.join('')))
  const ask = safe.map(([words]) => `complete -C 'dvm ${words.join(' ')}' | string split -f 1 \\t; echo .`)
  assert.equal(
    run('fish', ['--no-config'], `source '${script('fish')}'\n${ask.join('\n')}\n`),
    safe
      .map(
        ([, words]) =>
          `${[...words]
            .sort()
            .map((word) => `${word}\n`)
            .join('')}.\n`,
      )
      .join(''),
  )
})

for (const shell of ['bash', 'zsh', 'fish'])
  test(`dvm completion ${shell} prints the script${shell === 'bash' ? '' : `, which ${shell} parses where it is installed`}`, async (t) => {
    const home = temporaryDirectory(t)
    // Whatever the environment holds: a shell that starts must not be told of it.
    const { exitCode, stdout, stderr } = await runDvm(home, ['completion', shell], { HOME: '' })
    assert.deepEqual([exitCode, stderr], [0, ''])
    const file = writePrivate(join(home, 'script'), stdout)
    if (has(shell)) execFileSync(shell, ['-n', file])
  })
