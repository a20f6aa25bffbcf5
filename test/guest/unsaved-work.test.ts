// The look for unsaved git work, as bash runs it, on real repositories with names and settings of the worst kind.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { parseWork } from '../../src/core/unsaved-work.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const script = readFileSync(resolve(import.meta.dirname, '../../templates/guest/unsaved-work.sh'), 'utf8')

const setUp = (t: TestContext) => {
  const root = temporaryDirectory(t)
  const env = { HOME: root, PATH: process.env['PATH'] ?? '', GIT_CONFIG_NOSYSTEM: '1' }
  const git = (folder: string, ...args: readonly string[]): void =>
    void execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: join(root, folder),
      env,
      stdio: 'pipe',
    })
  const write = (path: string, text = path): void => writeFileSync(join(root, path), text)
  /** A repository whose one commit is pushed. */
  const pushed = (folder: string): void => {
    mkdirSync(join(root, `remotes/${folder}`), { recursive: true })
    mkdirSync(join(root, 'code', folder), { recursive: true })
    git(`remotes/${folder}`, 'init', '--quiet', '--bare')
    git(`code/${folder}`, 'init', '--quiet', '--initial-branch', 'main')
    write(`code/${folder}/file`)
    git(`code/${folder}`, 'add', '.')
    git(`code/${folder}`, 'commit', '--quiet', '--message', 'one')
    git(`code/${folder}`, 'remote', 'add', 'origin', join(root, 'remotes', folder))
    git(`code/${folder}`, 'push', '--quiet', '--set-upstream', 'origin', 'main')
  }
  mkdirSync(join(root, 'code'))
  const look = (path = env.PATH): readonly string[] =>
    parseWork(
      execFileSync('/bin/bash', ['-s'], {
        cwd: join(root, 'code'),
        // As the shell of enter.sh leaves it, which goes where it is told by the name it is told.
        env: { ...env, PATH: path, PWD: join(root, 'code') },
        input: script,
      }).toString(),
    ).map((line) => line.replace(`${root}/code/`, ''))
  return { root, git, write, pushed, look }
}

test('nothing there, and what is pushed, is no work to lose', (t) => {
  const { look, pushed } = setUp(t)
  assert.deepEqual(look(), [])
  pushed('a')
  assert.deepEqual(look(), [])
})

test('changes, new files, stashes, commits and branches that are nowhere else', (t) => {
  const { look, pushed, write, git } = setUp(t)
  for (const name of ['changed', 'new', 'stashed', 'ahead', 'branch', 'clean']) pushed(name)
  write('code/changed/file', 'other')
  write('code/new/untracked')
  write('code/stashed/file', 'other')
  git('code/stashed', 'stash', '--quiet')
  git('code/ahead', 'commit', '--quiet', '--allow-empty', '--message', 'two')
  git('code/branch', 'switch', '--quiet', '--create', 'topic')
  for (const message of ['two', 'three'])
    git('code/branch', 'commit', '--quiet', '--allow-empty', '--message', message)
  git('code/branch', 'switch', '--quiet', 'main')
  assert.deepEqual([...look()].sort(), [
    'ahead: 1 unpushed commit',
    'branch: 2 unpushed commits',
    'changed: uncommitted changes',
    'new: uncommitted changes',
    'stashed: stashed changes',
  ])
})

test('commits that are on no branch: a detached HEAD, in the middle of a rebase', (t) => {
  const { look, pushed, git } = setUp(t)
  for (const name of ['detached', 'looking']) pushed(name)
  git('code/detached', 'switch', '--quiet', '--detach')
  git('code/detached', 'commit', '--quiet', '--allow-empty', '--message', 'two')
  // What is pushed may be looked at in the same way.
  git('code/looking', 'switch', '--quiet', '--detach', 'origin/main')
  assert.deepEqual(look(), ['detached: 1 unpushed commit'])
})

test('a code directory that is a link is looked into where it leads', (t) => {
  const { look, pushed, root, write } = setUp(t)
  pushed('a')
  write('code/a/file', 'other')
  renameSync(join(root, 'code'), join(root, 'elsewhere'))
  symlinkSync('elsewhere', join(root, 'code'))
  assert.deepEqual(look(), [`${root}/elsewhere/a: uncommitted changes`])
})

test('new files count also where the repository is told not to show them', (t) => {
  const { look, pushed, git, write } = setUp(t)
  pushed('a')
  git('code/a', 'config', 'status.showUntrackedFiles', 'no')
  write('code/a/untracked')
  assert.deepEqual(look(), ['a: uncommitted changes'])
})

test('commits that only tags hold are told apart from those on branches', (t) => {
  const { look, pushed, git } = setUp(t)
  for (const name of ['one', 'several', 'branch', 'remote', 'file']) pushed(name)
  const commit = (name: string, ...messages: readonly string[]): void => {
    for (const message of messages)
      git(`code/${name}`, 'commit', '--quiet', '--allow-empty', '--message', message)
  }
  for (const [name, messages] of [
    ['one', ['two']],
    ['several', ['two', 'three']],
  ] as const) {
    commit(name, ...messages)
    git(`code/${name}`, 'tag', '--annotate', '--message', 'v1', 'v1')
    git(`code/${name}`, 'reset', '--quiet', '--hard', 'origin/main')
  }
  commit('branch', 'two')
  git('code/branch', 'tag', 'v1')
  git('code/remote', 'tag', 'v1')
  // A tag may name a file as well.
  git('code/file', 'tag', 'v1', 'main:file')
  assert.deepEqual([...look()].sort(), [
    'branch: 1 unpushed commit',
    'one: 1 commit only on tags',
    'several: 2 commits only on tags',
  ])
})

test('an empty repository, and the directories of other branches', (t) => {
  const { look, root, git, pushed } = setUp(t)
  mkdirSync(join(root, 'code/empty'))
  git('code/empty', 'init', '--quiet')
  pushed('main')
  git('code/main', 'worktree', 'add', '--quiet', '--detach', '../other')
  git('code', 'clone', '--quiet', '--bare', join(root, 'remotes/main'), 'bare/.git')
  assert.deepEqual(look(), ['bare: 1 unpushed commit'], 'a bare clone knows of no remote branch')
  git('code/other', 'commit', '--quiet', '--allow-empty', '--message', 'two')
  assert.deepEqual([...look()].sort(), ['bare: 1 unpushed commit', 'other: 1 unpushed commit'])
})

test('a repository in which git fails is told: nobody knows what it holds', (t) => {
  const { look, pushed, root, write } = setUp(t)
  for (const name of ['index', 'head', 'moved']) pushed(name)
  // Found further up, this one would answer for those below it.
  execFileSync('git', ['init', '--quiet', root])
  write('code/index/.git/index')
  rmSync(join(root, 'code/head/.git/HEAD'))
  rmSync(join(root, 'code/moved/.git'), { recursive: true })
  write('code/moved/.git', 'gitdir: ../nowhere\n')
  assert.deepEqual(
    [...look()].sort().map((line) => line.replace(/\(.*\)/, '(…)')),
    ['head', 'index', 'moved'].map((name) => `${name}: git fails in it (…)`),
  )
  assert.match(look().join(), /not a git repository/)
})

test('a repository without any remote, one inside another directory, and names with every odd byte', (t) => {
  const { look, root, git } = setUp(t)
  const odd = `deep/er/a 'b' "c" $(touch x)\n ü;*`
  mkdirSync(join(root, 'code', odd), { recursive: true })
  git(`code/${odd}`, 'init', '--quiet')
  git(`code/${odd}`, 'commit', '--quiet', '--allow-empty', '--message', 'one')
  assert.deepEqual(
    look().map((line) => line.replace(/^"\S*?deep/, '"deep')),
    [`${JSON.stringify(odd)}: 1 unpushed commit`],
  )
  assert.equal(existsSync(join(root, 'code/x')), false)
})

test('five directories down and no deeper; none in what tools fill, or behind a link', (t) => {
  const { root, look, git } = setUp(t)
  const made = (folder: string): void => {
    mkdirSync(join(root, 'code', folder), { recursive: true })
    git(`code/${folder}`, 'init', '--quiet')
    writeFileSync(join(root, 'code', folder, 'file'), '')
  }
  const deepest = 'one/two/three/four/five'
  const skipped = ['node_modules', '.cache', '.venv'].flatMap((name) => [`${name}/x`, `one/${name}`])
  for (const folder of [deepest, '1/2/3/4/5/6', ...skipped, 'node_modules_of_mine']) made(folder)
  mkdirSync(join(root, 'elsewhere'))
  symlinkSync(join(root, 'elsewhere'), join(root, 'code/link'))
  git('elsewhere', 'init', '--quiet')
  writeFileSync(join(root, 'elsewhere/file'), '')
  assert.deepEqual([...look()].sort(), [
    'node_modules_of_mine: uncommitted changes',
    `${deepest}: uncommitted changes`,
  ])
  made('.')
  assert.equal(look().length, 3, 'the directory itself')
  renameSync(join(root, 'code'), join(root, '.cache'))
  symlinkSync('.cache', join(root, 'code'))
  assert.equal(look().length, 3, 'whatever it is called')
})

test('what a repository’s settings would run is not run', (t) => {
  const { look, pushed, root, git, write } = setUp(t)
  pushed('trap')
  const mark = join(root, 'was-run')
  write('hook', `#!/bin/sh\ntouch '${mark}'\n`)
  execFileSync('chmod', ['755', join(root, 'hook')])
  git('code/trap', 'config', 'core.fsmonitor', join(root, 'hook'))
  git('code/trap', 'config', 'core.hooksPath', root)
  assert.deepEqual(look(), [])
  assert.equal(existsSync(mark), false)
})

test('without git a repository is told, because it cannot be looked into', (t) => {
  const { look, pushed, root } = setUp(t)
  pushed('a')
  const bin = join(root, 'bin')
  mkdirSync(bin)
  for (const tool of ['find', 'head', 'wc'])
    execFileSync('ln', [
      '-s',
      execFileSync('sh', ['-c', `command -v ${tool}`])
        .toString()
        .trim(),
      join(bin, tool),
    ])
  assert.deepEqual(look(bin), ['a: a repository, and no git to look into it'])
})
