// The VM with projects that several files share: its name, its files, and ways to look at it.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { baseDir, configDir, dvm } from './e2e.ts'

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

/** For a setup.sh. Answers every request on port 8000 with one line, and stays when it runs already. */
export const server = String.raw`pgrep -f DVM_E2E_SERVER >/dev/null || setsid perl -MIO::Socket::INET -e '$0 = "DVM_E2E_SERVER"; my $s = IO::Socket::INET->new(LocalPort => 8000, Listen => 5, ReuseAddr => 1) or die; while (my $c = $s->accept) { while (<$c>) { last if /^\r?$/ } print $c "HTTP/1.0 200 OK\r\n\r\nhello from api\n"; close $c }' </dev/null >/dev/null 2>&1 &
`

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
