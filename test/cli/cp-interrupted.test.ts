// cp that does not come to its end: interrupted, killed, disconnected, out of space. Nothing half-written has a name, nothing is left behind.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type TestContext } from 'node:test'
import type { Outcome } from '../support/dvm.ts'
import { copying, type Copying } from '../support/copying.ts'
import { onGnu } from '../support/gnu.ts'

/** Moves some bytes, says so, and waits until it is told to go on; then it is over. */
const slowTool = `#!/bin/bash
head -c 1000
echo >"\${0%/*}/started"
read -r <"\${0%/*}/go"
`

const running = (t: TestContext): Copying => {
  const copy = copying(t)
  copy.fake.add({ name: 'dvm-app', status: 'Running' })
  // The control socket comes with a start; see the fake's saveInstance.
  for (const side of [copy.host, copy.guest]) {
    mkdirSync(join(side, 'tree'))
    for (const path of ['big', 'tree/big']) writeFileSync(join(side, path), Buffer.alloc(2_000_000, 'x'))
  }
  return copy
}

/** Stops in the middle of a copy; `tool` is what moves the bytes there. */
const slowed = (copy: Copying, tool: string) => {
  chmodSync(copy.write(join('stubs', tool), slowTool), 0o700)
  for (const name of ['started', 'go']) execFileSync('mkfifo', [join(copy.bin, name)])
  return {
    begin: async (args: readonly string[]): Promise<{ pid: number; over: Promise<Outcome> }> => {
      let pid = 0
      const over = copy.cp(args, { onStart: (started) => (pid = started) })
      await readFile(join(copy.bin, 'started'))
      return { pid, over }
    },
    release: () => writeFile(join(copy.bin, 'go'), '\n'),
    restore: () => rmSync(join(copy.bin, tool)),
  }
}

/** What is done by processes that nobody waits for. */
const untilTidy = async (copy: Copying): Promise<void> => {
  while (copy.leftovers().length > 0) await pause(10)
}

const ways = (copy: Copying): Record<string, readonly string[]> => ({
  'a file up': [join(copy.host, 'big'), `app:${copy.guest}/new`],
  'a file down': [`app:${copy.guest}/big`, join(copy.host, 'new')],
  'a directory up': ['-r', join(copy.host, 'tree'), `app:${copy.guest}/new`],
  'a directory down': ['-r', `app:${copy.guest}/tree`, join(copy.host, 'new')],
})

for (const way of ['a file up', 'a file down', 'a directory up', 'a directory down']) {
  const tool = way.startsWith('a file') ? 'dd' : 'tar'
  test(`Ctrl-C during ${way}`, { ...onGnu, timeout: 30_000 }, async (t) => {
    const copy = running(t)
    const { pid, over } = await slowed(copy, tool).begin(ways(copy)[way] ?? [])
    process.kill(pid, 'SIGINT')
    const { exitCode, stdout, stderr } = await over
    assert.deepEqual([exitCode, stdout], [130, ''])
    assert.match(stderr, /interrupted\n$/)
    assert.ok(
      !readdirSync(copy.host).some((name) => name.startsWith('.dvm-cp-')),
      'this side is tidy at once',
    )
    await untilTidy(copy)
    for (const side of [copy.host, copy.guest]) assert.equal(existsSync(join(side, 'new')), false)
  })

  test(
    `kill -9 during ${way}: the next copy leaves everything tidy`,
    { ...onGnu, timeout: 30_000 },
    async (t) => {
      const copy = running(t)
      const slow = slowed(copy, tool)
      const { pid, over } = await slow.begin(ways(copy)[way] ?? [])
      process.kill(pid, 'SIGKILL')
      await Promise.all([over, slow.release()])
      for (const side of [copy.host, copy.guest]) assert.equal(existsSync(join(side, 'new')), false)
      slow.restore()
      assert.equal((await copy.cp(ways(copy)[way] ?? [])).exitCode, 0)
      await untilTidy(copy)
      const side = way.endsWith('up') ? copy.guest : copy.host
      const file = tool === 'dd' ? join(side, 'new') : join(side, 'new/big')
      assert.equal(readFileSync(file).length, 2_000_000)
    },
  )
}

test('a lost connection, and a guest that ends without a word, are told apart', onGnu, async (t) => {
  const copy = running(t)
  const [, from] = [0, `app:${copy.guest}/big`]
  const breaks = (words: string): void =>
    chmodSync(copy.write('stubs/sudo', `#!/bin/bash\nhead -c 1000 /dev/zero\n${words}\nexit 255\n`), 0o700)
  breaks('echo "client_loop: send disconnect: Broken pipe" >&2')
  assert.deepEqual(await copy.cp([from, copy.host]), {
    exitCode: 1,
    stdout: '',
    stderr:
      'dvm: dvm-app does not answer over ssh\n  | client_loop: send disconnect: Broken pipe\n  try: dvm sync app; if that does not help: limactl stop --force dvm-app && dvm sync app\n',
  })
  breaks('')
  for (const args of [
    [from, join(copy.host, 'new')],
    ['-r', `app:${copy.guest}/tree`, join(copy.host, 'new')],
  ])
    assert.deepEqual(await copy.cp(args), {
      exitCode: 1,
      stdout: '',
      stderr: `dvm: the connection to app ended before the copy did\n  try: again: dvm cp ${args.join(' ')}\n`,
    })
  assert.deepEqual([existsSync(join(copy.host, 'new')), copy.leftovers()], [false, []])
})

test('a guest that says it has sent more than came is not believed', onGnu, async (t) => {
  const copy = running(t)
  chmodSync(copy.write('stubs/dd', '#!/bin/sh\nprintf half\necho "9 bytes copied, 0 s, 0 B/s" >&2\n'), 0o700)
  assert.deepEqual(await copy.cp([`app:${copy.guest}/big`, join(copy.host, 'new')]), {
    exitCode: 6,
    stdout: '',
    stderr: `dvm: 4 of 9 bytes of app:${copy.guest}/big arrived, so nothing was changed here\n  try: again: dvm cp app:${copy.guest}/big ${copy.host}/new\n`,
  })
  assert.deepEqual([existsSync(join(copy.host, 'new')), copy.leftovers()], [false, []])
})

test('a full disk in the guest', onGnu, async (t) => {
  const copy = running(t)
  for (const [tool, args] of [
    ['dd', [join(copy.host, 'big'), `app:${copy.guest}/new`]],
    ['tar', ['-r', join(copy.host, 'tree'), `app:${copy.guest}/new`]],
  ] as const) {
    const complaint = `${tool}: error writing 'x': No space left on device`
    chmodSync(
      copy.write(`stubs/${tool}`, `#!/bin/sh\nhead -c 1000\necho "${complaint}" >&2\nexit 1\n`),
      0o700,
    )
    assert.deepEqual(await copy.cp(args), {
      exitCode: 1,
      stdout: '',
      stderr: `dvm: no space is left in app\n  | ${complaint}\n  try: dvm ssh app -- df -h ${copy.guest}\n`,
    })
  }
  assert.deepEqual([existsSync(join(copy.guest, 'new')), copy.leftovers()], [false, []])
})

test('a file that may not grow here, as on a full disk', onGnu, async (t) => {
  const copy = running(t)
  // The guest is this host, so its half of an upload is under the limit too.
  const wrap = ['bash', '-c', 'trap "" XFSZ; ulimit -f 512; exec "$@"', 'dvm']
  // The limit comes with a signal, which Node would die of; a full disk has none.
  const env = { NODE_OPTIONS: `--import data:text/javascript,process.on('SIGXFSZ',()=>{})` }
  for (const args of [
    [`app:${copy.guest}/big`, join(copy.host, 'new')],
    ['-r', `app:${copy.guest}/tree`, join(copy.host, 'new')],
  ]) {
    const { exitCode, stdout, stderr } = await copy.cp(args, { wrap, env })
    assert.deepEqual([exitCode, stdout], [1, ''])
    assert.match(stderr, /^dvm: cannot write .*new.* here: file too large\n {2}try: df -h \S+\n$/)
  }
  for (const [args, complaint] of [
    [
      [join(copy.host, 'big'), `app:${copy.guest}/new`],
      /^dvm: app could not write app:.*\/new\n {2}\| .*File (?:too large|size limit exceeded)/,
    ],
    [
      ['-r', join(copy.host, 'tree'), `app:${copy.guest}/new`],
      /^dvm: app could not write app:.*\/new\n(?: {2}\| .*\n)+ {2}try: dvm ssh app -- /,
    ],
  ] as const) {
    const { exitCode, stderr } = await copy.cp(args, { wrap, env })
    assert.equal(exitCode, 1)
    assert.match(stderr, complaint)
  }
  await untilTidy(copy)
  for (const side of [copy.host, copy.guest]) assert.equal(existsSync(join(side, 'new')), false)
})
