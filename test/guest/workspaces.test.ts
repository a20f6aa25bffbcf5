// templates/guest/workspaces.sh, as bash runs it beside a podman that is a stand-in: which volumes nobody holds, and what is in them.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

const script = readFileSync(resolve(import.meta.dirname, '../../templates/guest/workspaces.sh'), 'utf8')

/** Volumes are directories; `app-api` alone has a container; `app-broken` cannot be entered. */
const podman = `#!/bin/bash
volumes=\${0%/*}/../volumes
case "$*" in
"ps --all --filter name=^dvm-app- --format json") echo '[]' ;;
"volume ls --format {{.Name}}") ls "$volumes" ;;
"container exists dvm-app-api") exit 0 ;;
"container exists "*) exit 1 ;;
"volume inspect --format {{.Mountpoint}} "*) echo "$volumes/$5" ;;
"unshare find $volumes/dvm-app-broken "*) exit 125 ;;
"unshare find "*) "\${@:2}" ;;
*) echo "podman: $*" >&2; exit 64 ;;
esac
`

const setUp = (t: TestContext) => {
  const home = temporaryDirectory(t)
  chmodSync(writePrivate(join(home, 'bin/podman'), podman), 0o755)
  const volume = (name: string, folder = ''): void =>
    void mkdirSync(join(home, 'volumes', name, folder), { recursive: true })
  mkdirSync(join(home, 'volumes'))
  const ask = (path = `${home}/bin:/usr/bin:/bin`): string =>
    execFileSync('/bin/bash', ['-s', '--', 'app'], {
      env: { HOME: home, USER: 'dvm-test-nobody', PATH: path },
      input: script,
    }).toString()
  return { home, volume, ask }
}

test('volumes of this VM without a container, each with whether a repository is in it', (t) => {
  const { home, volume, ask } = setUp(t)
  assert.equal(ask(), '', 'nobody ran podman here')
  mkdirSync(join(home, '.local/share/containers'), { recursive: true })
  assert.equal(ask(), '::dvm containers\n[]\n\n::dvm volumes\n')
  volume('dvm-app-api', 'repo/.git')
  volume('dvm-app-broken')
  volume('dvm-app-empty', 'deps/node_modules/x/.git')
  volume('dvm-app-web', 'my repo/.git')
  volume('dvm-other-x', '.git')
  volume('mine', '.git')
  assert.equal(
    ask(),
    '::dvm containers\n[]\n\n::dvm volumes\ndvm-app-broken unknown\ndvm-app-empty nothing\ndvm-app-web repository\n',
  )
})
