import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { TestContext } from 'node:test'
import { vmVariables } from '../../src/core/config.ts'
import { DvmError } from '../../src/core/errors.ts'
import type { RawValues } from '../../src/core/raw-values.ts'
import { createBashConfig } from '../../src/ports/bash-config.ts'
import { createExec } from '../../src/system/exec.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

const bash = execFileSync('which', ['bash'], { encoding: 'utf8' }).trim()

const setUp = (t: TestContext, variables: Record<string, string> = {}, timeoutMs = 20_000) => {
  const configDir = temporaryDirectory(t)
  chmodSync(configDir, 0o700)
  const warnings: string[] = []
  const abort = new AbortController()
  const config = createBashConfig({
    exec: createExec(abort.signal),
    configDir,
    variables: { PATH: process.env['PATH'], HOME: configDir, ...variables },
    signal: abort.signal,
    warn: (line) => warnings.push(line),
    timeoutMs,
  })
  const first = join(configDir, 'config.sh')
  const second = join(configDir, 'vms', 'app', 'config.sh')
  const read = (one: string, two?: string, defaults?: Record<string, string>): Promise<RawValues> => {
    writePrivate(first, `${one}\n`)
    if (two !== undefined) writePrivate(second, `${two}\n`)
    return config.readConfig([first, second], vmVariables, defaults)
  }
  return { abort, config, configDir, first, second, read, warnings }
}
const valuesOf = (raw: RawValues): Record<string, unknown> =>
  Object.fromEntries(Object.entries(raw).map(([name, { value }]) => [name, value]))
const failure = async (reading: Promise<unknown>): Promise<DvmError> => {
  const error = await reading.then(
    (value) => assert.fail(`read ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
  if (error instanceof DvmError) return error
  throw error
}

test('later layers override earlier ones, and each value knows its file', async (t) => {
  const { read, first, second } = setUp(t)
  const raw = await read(
    'DVM_CPUS=2; DVM_MEMORY=4; DVM_PORTS=(1:1); OTHER=x',
    'DVM_MEMORY=$((DVM_MEMORY * 2)); DVM_PORTS+=(2:2); DVM_DISK=$(echo 50)',
  )
  assert.deepEqual(raw, {
    DVM_CPUS: { value: '2', file: first },
    DVM_MEMORY: { value: '8', file: second },
    DVM_PORTS: { value: ['1:1', '2:2'], file: second },
    DVM_DISK: { value: '50', file: second },
  })
})

test('a layer can take back what an earlier one set', async (t) => {
  const { read } = setUp(t)
  assert.deepEqual(await read('DVM_PORTS=(1:1); DVM_CPUS=3', 'DVM_PORTS=(); unset DVM_CPUS'), {})
})

test('files can build on the defaults, which no file has set', async (t) => {
  const { read, second } = setUp(t)
  const defaults = { DVM_MEMORY: '2', DVM_CPUS: '3' }
  assert.deepEqual(await read('DVM_CPUS=$DVM_CPUS', 'DVM_MEMORY=$((DVM_MEMORY + 1))', defaults), {
    DVM_MEMORY: { value: '3', file: second },
  })
})

test('values come through exactly', async (t) => {
  const { read } = setUp(t)
  const odd = `a\nb\t"double" 'single' $(touch x) \`id\` \\ * ü 日本 \u{1F600} end\n`
  const quoted = `'${odd.replaceAll("'", `'\\''`)}'`
  assert.deepEqual(valuesOf(await read(`DVM_USER=${quoted}; DVM_PORTS=(${quoted} "" "a b")`)), {
    DVM_USER: odd,
    DVM_PORTS: [odd, '', 'a b'],
  })
})

test('arrays however they are made', async (t) => {
  const { read } = setUp(t)
  const list = async (script: string) => valuesOf(await read(script))['DVM_PORTS']
  assert.deepEqual(await list('DVM_PORTS[7]=1:1; DVM_PORTS[2]=2:2'), ['2:2', '1:1'])
  assert.deepEqual(await list('for p in 1 2; do DVM_PORTS+=("$p:$p"); done'), ['1:1', '2:2'])
  assert.deepEqual(await list('declare -a DVM_PORTS=(1:1)'), ['1:1'])
  assert.deepEqual(await list('readonly DVM_PORTS=(1:1)'), ['1:1'])
  assert.deepEqual(await list('DVM_PORTS="1:1 2:2"'), '1:1 2:2')
})

test('what a layer does to its shell does not reach dvm', async (t) => {
  const { read, warnings } = setUp(t)
  const rough = [
    'set -euo pipefail',
    'IFS=:; shopt -s expand_aliases nocasematch',
    'alias if=false then=false printf=false',
    'for name in printf eval set unset trap shopt enable builtin command declare exit test; do',
    '  eval "$name() { echo hijacked; }"',
    'done',
    'enable -n printf',
    'trap ": debug" DEBUG; trap "echo err" ERR; trap "echo bye; exit 9" EXIT',
    'exec 1>&- 2>&- 3>&- 10>&- 255<&-',
    'cd /; umask 777; LC_ALL=C',
    'echo "DVM_CPUS=99"',
  ].join('\n')
  const raw = await read(
    `DVM_CPUS=4\n${rough}\nDVM_MEMORY=5\n[[ 1 == 2 ]] && DVM_DISK=9`,
    'DVM_DISK=8; false',
  )
  assert.deepEqual(valuesOf(raw), { DVM_CPUS: '4', DVM_MEMORY: '5', DVM_DISK: '8' })
  assert.deepEqual(warnings, [])
})

test('a layer that changes positional parameters, returns early or leaves a process behind is fine', async (t) => {
  const { read } = setUp(t)
  const started = Date.now()
  const raw = await read(
    'DVM_CPUS=4; set -- a b c; shift 2; (sleep 30; echo late) & return 3\nDVM_CPUS=5',
    'DVM_DISK=$#',
  )
  assert.deepEqual(valuesOf(raw), { DVM_CPUS: '4', DVM_DISK: '0' })
  assert.ok(Date.now() - started < 15_000, 'waited for a process that was left behind')
})

test('what a layer says on stderr is passed on, its output is not', async (t) => {
  const { read, first, warnings } = setUp(t)
  await read('echo out; DVM_CPUS=4\nno-such-command\necho note >&2')
  assert.deepEqual(warnings, [`${first}: line 2: no-such-command: command not found`, 'note'])
})

test('layers see a clean environment', async (t) => {
  const { read, configDir } = setUp(t, {
    BASH_ENV: '/nowhere/hostile.sh',
    ENV: '/nowhere/hostile.sh',
    SECRET_TOKEN: 'x',
    DVM_CPUS: '99',
    'BASH_FUNC_echo%%': '() { builtin echo hijacked; }',
    LANG: 'C.UTF-8',
  })
  const raw = await read('DVM_USER="${SECRET_TOKEN-none} ${DVM_CPUS-none} $(echo ok) $LANG $HOME"')
  assert.deepEqual(valuesOf(raw), { DVM_USER: `none none ok C.UTF-8 ${configDir}` })
  assert.deepEqual(valuesOf(await read('DVM_USER=$DVM_CONFIG_DIR')), { DVM_USER: configDir })
})

test('a syntax error shows file and line, in either layer', async (t) => {
  const { read, first, second } = setUp(t)
  const one = await failure(read('DVM_CPUS=1\nif true; then\nfi'))
  assert.equal(one.exitCode, 3)
  assert.equal(one.message, `${first}:3: syntax error near unexpected token \`fi'`)
  assert.equal(one.hint, `correct it, then check with: bash -n '${first}'`)
  const two = await failure(read('DVM_CPUS=1', 'DVM_PORTS=(1:1'))
  assert.match(two.message, new RegExp(`^${second}:\\d+: (syntax error: )?unexpected (end of file|EOF)`))
})

const ends: readonly [string, RegExp][] = [
  ['exit 0', /\(status 0\)$/],
  ['exit 7', /\(status 7\)$/],
  ['exec true', /\(status 0\)$/],
  ['kill -9 $$', /\(killed\)$/],
  ['set -u; X=$NOT_SET', /\(status 1\)$/],
  ['set -n', /\(status 0\)$/],
  ['break', /\(status 0\)$/],
  ['continue', /\(status 0\)$/],
  ['trap "exit 4" DEBUG', /\(status 4\)$/],
]
for (const [script, how] of ends)
  test(`a layer that ends the shell is named: ${script}`, async (t) => {
    const { read, second } = setUp(t)
    const error = await failure(read('DVM_CPUS=4', script))
    assert.equal(error.exitCode, 3)
    assert.ok(error.message.startsWith(`${second} stopped bash before the end of the file `), error.message)
    assert.match(error.message, how)
    assert.match(error.hint ?? '', /use `return`, not `exit`/)
  })

for (const script of ['while :; do :; done', 'while :; do echo x; done', 'read -r x </dev/zero', 'sleep 60'])
  test(`a layer without an end is named after the time limit: ${script}`, async (t) => {
    const { read, second } = setUp(t, {}, 700)
    const error = await failure(read('DVM_CPUS=4', script))
    assert.equal(error.message, `${second} did not come to its end within 0.7 s`)
    assert.equal(error.exitCode, 3)
  })

test('an interruption stops a slow layer and is not taken for an error of the file', async (t) => {
  const { abort, read } = setUp(t)
  const reason = new Error('interrupted')
  setTimeout(() => abort.abort(reason), 300)
  await assert.rejects(read('sleep 60'), reason)
})

test('without any file bash is not called', async (t) => {
  const { config, configDir } = setUp(t, { PATH: '/nowhere' })
  assert.deepEqual(await config.readConfig([join(configDir, 'config.sh')], vmVariables), {})
})

test('a missing bash is said so', async (t) => {
  const { read } = setUp(t, { PATH: '/nowhere' })
  const error = await failure(read('DVM_CPUS=1'))
  assert.equal(error.message, 'bash is not installed')
  assert.equal(error.exitCode, 4)
})

test('a layer that others can write is refused before it is evaluated', async (t) => {
  const { read, configDir, second } = setUp(t)
  const mark = join(configDir, 'evaluated')
  await read('DVM_CPUS=1', 'DVM_CPUS=2')
  chmodSync(second, 0o620)
  const error = await failure(read(`touch '${mark}'`, `touch '${mark}'`))
  assert.equal(error.exitCode, 9)
  assert.equal(error.hint, `chmod go-w '${second}'`)
  assert.equal(existsSync(mark), false)
})

test('a layer that is a directory or cannot be read is an error, not nothing', async (t) => {
  const { config, configDir, first } = setUp(t)
  mkdirSync(first, { mode: 0o700 })
  const error = await failure(config.readConfig([first], vmVariables))
  assert.equal(error.message, `${first} is not a file`)
  assert.equal(existsSync(join(configDir, 'vms')), false)
})

test('the reader is valid for the shell that runs it', () => {
  execFileSync(bash, ['-n', 'templates/host/read-config.sh'], { cwd: join(import.meta.dirname, '../..') })
})
