// The VM with projects that several files share: its name, its files, and ways to look at it.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answering, baseDir, configDir, dvm } from './e2e.ts'

export const vm = 'pool'

const write = (path: string, text: string): void => {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
  writeFileSync(path, text, { mode: 0o600 })
}

export const devContainerfile = (...lines: readonly string[]): void =>
  write(
    join(baseDir, 'dev', 'Containerfile'),
    ['ARG DVM_DEV_FROM', 'FROM ${DVM_DEV_FROM}', 'COPY dvm-packages.txt /usr/share/dvm/', ...lines, ''].join(
      '\n',
    ),
  )

export const project = (name: string, text: string, setup: string): void => {
  const directory = join(configDir, 'vms', vm, 'projects', name)
  write(join(directory, 'project.sh'), text)
  write(join(directory, 'setup.sh'), setup)
}

/** For a setup.sh. */
export const server = answering(8000, 'hello from api')

interface Row {
  readonly name: string
  readonly state: string
  readonly image: string
  readonly drift: readonly string[]
}
export const rows = async (): Promise<readonly Row[]> =>
  JSON.parse((await dvm(['ls', vm, '--json'])).stdout) as readonly Row[]
export const states = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await rows()).map(({ name, state }) => [name, state]))

/** What a command in a project prints; it must succeed. */
export const inside = async (name: string, ...argv: readonly string[]): Promise<string> => {
  const { exitCode, stdout, stderr } = await dvm(['ssh', `${vm}/${name}`, '--', ...argv])
  assert.equal(exitCode, 0, stderr)
  return stdout
}
