// Commands as they are typed, on ports in memory: what a process of its own would only show more slowly.
import assert from 'node:assert/strict'
import test from 'node:test'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'
import { bareProgram, silent } from '../support/program.ts'

/** Runs it; resolves to what it prints. Stdin is a terminal, or not. */
const dvm = async ({ deps }: World, words: readonly string[], stdin = false): Promise<readonly string[]> => {
  const printed: string[] = []
  await bareProgram({
    reporter: { ...silent, print: (line) => void printed.push(line) },
    terminal: { stdin, stdout: true, name: 'xterm' },
    deps: () => Promise.resolve(deps),
  }).parseAsync([...words], { from: 'user' })
  return printed
}

test('ssh leaves the input of a terminal alone, and hands on any other; sh is a terminal only where both ends are', async (t) => {
  const world = memoryWorld(t)
  addVm(world.memory, 'dvm-app', 'Running')
  const attached = async (command: readonly string[], stdin: boolean): Promise<unknown> => {
    await dvm(world, command, stdin)
    return JSON.parse(/^attach dvm-app (\{.*?\})/.exec(world.memory.calls.at(-1) ?? '')?.[1] ?? '')
  }
  const command = ['ssh', 'app', '--', 'true']
  assert.deepEqual(await attached(command, true), { tty: false, stdin: false })
  assert.deepEqual(await attached(command, false), { tty: false, stdin: true })
  assert.deepEqual(await attached(['sh', 'app'], true), { tty: true, stdin: true })
  assert.deepEqual(await attached(['sh', 'app'], false), { tty: false, stdin: true })
})

interface Event {
  readonly event: string
  readonly title?: string
  readonly text?: string
  readonly percent?: number
  readonly result?: Readonly<Record<string, unknown>>
}

test('--json of sync and base build tells progress, in percent where the tool says it, and ends in the result', async (t) => {
  const world = memoryWorld(t)
  const events = async (...words: readonly string[]): Promise<readonly Event[]> =>
    (await dvm(world, [...words, '--json'])).map((line) => JSON.parse(line) as Event)
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\nRUN false\n')
  const build = await events('base', 'build')
  const percents = build.flatMap(({ event, title, text, percent }) =>
    event === 'progress' && percent !== undefined ? [`${title}: ${text} ${percent} %`] : [],
  )
  assert.deepEqual(percents, [
    'Build dvm-base: 1/1 FROM x 0 %',
    'Build your image: 1/2 FROM dvm-base 0 %',
    'Build your image: 2/2 RUN false 50 %',
    'Assemble the disk: 1/2 Pipeline image 0 %',
    'Fetch the disk: 512 B of 512 B 100 %',
  ])
  assert.partialDeepStrictEqual(build.at(-1), {
    event: 'result',
    result: { outcome: 'built', bootTest: 'passed' },
  })

  world.write('.config/dvm/vms/app/setup.sh', 'true\n')
  world.memory.run = () => ({ stdout: 'installing\ninstalling\n' })
  const sync = await events('sync', 'app')
  assert.deepEqual(
    sync.flatMap(({ event, title, text }) => (event === 'progress' ? [`${title}: ${text}`] : [])),
    ['Create app: waiting for the VM to come up', 'Prepare app and run its setup.sh: installing'],
  )
  assert.deepEqual(sync.at(-1)?.result, { ready: 1, failed: 0 })
})
